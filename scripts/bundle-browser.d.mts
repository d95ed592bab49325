import type { OutputChunk } from 'rolldown';

/** What is loaded by its name, as pages and workers do. */
export const ENTRIES: Readonly<Record<string, string>>;

/** Writes the bundles of src/; returns their chunks. `minify`: as a page in production would have them. */
export function bundleBrowser(
  out: string,
  options?: { readonly minify?: boolean; readonly write?: boolean },
): Promise<OutputChunk[]>;

/** Bytes that a page loads for an entry, minified and gzipped: itself and what it imports. */
export function sizeOf(name: string, chunks: readonly OutputChunk[]): number;
