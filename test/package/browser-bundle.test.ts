import { expect, test } from 'vitest';
import { bundleBrowser, sizeOf } from '../../scripts/bundle-browser.mjs';

test('what a page loads for `modelswarm`, with its worker, has less than 60 kB minified and gzipped', async () => {
  const chunks = await bundleBrowser('unused', { minify: true, write: false });
  const [page, worker] = [sizeOf('index', chunks), sizeOf('engine-worker', chunks)];
  console.log(`index.js ${page} bytes, engine-worker.js ${worker} bytes`);
  expect(page).toBeGreaterThan(2000);
  expect(page + worker).toBeLessThan(60_000);
});

test('no bundle imports anything but bundles: pages need no build step, and workers know no import maps', async () => {
  const chunks = await bundleBrowser('unused', { write: false });
  const names = chunks.map(({ fileName }) => fileName);
  expect(names).toEqual(expect.arrayContaining(['index.js', 'engine-worker.js']));
  expect(
    chunks
      .flatMap(({ imports, dynamicImports }) => [...imports, ...dynamicImports])
      .filter((name) => !names.includes(name)),
  ).toEqual([]);
});
