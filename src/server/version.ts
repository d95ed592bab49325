import { createRequire } from 'node:module';

// Both src/server and dist/server lie two folders below the manifest.
const manifest: { readonly version: string } = createRequire(import.meta.url)('../../package.json');

/** The version of this package. */
export const VERSION: string = manifest.version;
