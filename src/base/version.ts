/** Kept equal to package.json by a test: a file of the package cannot be read from a bundle. */
export const VERSION = '0.1.0';
