#!/usr/bin/env node
/**
 * Bundles what browsers load, `node scripts/bundle-browser.mjs [--out DIR]`: modules without bare imports, so that a page needs no build step, and
 * workers, which know no import maps. Prints the size of each, and what an entry loads in all, minified and compressed.
 */
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What is loaded by its name, as pages and workers do. */
export const ENTRIES = {
  index: 'src/client/browser/index.ts',
  'engine-worker': 'src/client/browser/engine-worker.ts',
};

/** Writes the bundles; returns them by name. `minify`: as a page in production would have them. */
export async function bundleBrowser(out, { minify = false, write = true } = {}) {
  const bundle = await rolldown({
    cwd: root,
    input: ENTRIES,
    platform: 'browser',
    resolve: { conditionNames: ['modelswarm-source', 'browser', 'import', 'module', 'default'] },
  });
  const options = { dir: out, format: 'esm', minify, chunkFileNames: 'chunk-[hash].js' };
  const { output } = write ? await bundle.write(options) : await bundle.generate(options);
  await bundle.close();
  return output.filter(({ type }) => type === 'chunk');
}

/** Bytes that a page loads for an entry, minified and gzipped: itself and what it imports. */
export function sizeOf(name, chunks) {
  const seen = new Set();
  const add = (fileName) => {
    const chunk = chunks.find((each) => each.fileName === fileName);
    if (!chunk || seen.has(chunk)) return;
    seen.add(chunk);
    chunk.imports.forEach(add);
  };
  add(`${name}.js`);
  return [...seen].reduce((sum, { code }) => sum + gzipSync(code, { level: 9 }).length, 0);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const outFlag = process.argv.indexOf('--out');
  const out = outFlag === -1 ? join(root, 'dist', 'browser') : resolve(process.argv[outFlag + 1] ?? '');
  await bundleBrowser(out);
  const minified = await bundleBrowser(out, { minify: true, write: false });
  for (const name of Object.keys(ENTRIES))
    console.log(`${name}.js: ${(sizeOf(name, minified) / 1000).toFixed(1)} kB minified and gzipped`);
}
