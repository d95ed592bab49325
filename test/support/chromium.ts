import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { loopbackServer } from './loopback-server.ts';
import { tempDir } from './temp-dir.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TYPES: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.json': 'application/json' };

/** Import specifiers as the package's own `browser` conditions resolve them. */
const IMPORTS = {
  '#platform': '/dist/platform/browser.js',
  'modelswarm/metainfo': '/dist/metainfo/index.js',
  'modelswarm/hashing': '/dist/hashing/index.js',
  '@noble/hashes/': '/node_modules/@noble/hashes/',
  'hash-wasm': '/node_modules/hash-wasm/dist/index.esm.js',
};

/**
 * Runs a module in a page of a real Chromium, with the built package to import from, and returns what its `result` says: the module must
 * call `report(value)` once, with JSON. Rejects when the page throws, or says nothing for a minute.
 */
export async function runInChromium(module: string): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const page = `<!doctype html><script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>
<script type="module">
const send = (path, value) => fetch(path, { method: 'POST', body: JSON.stringify(value ?? null) });
globalThis.report = (value) => send('/result', value);
addEventListener('error', (event) => send('/error', event.message));
addEventListener('unhandledrejection', (event) => send('/error', String(event.reason?.stack ?? event.reason)));
await import('/module.js').catch((error) => send('/error', String(error?.stack ?? error)));
</script>`;
  const { url } = await loopbackServer(({ url: path, body }, response) => {
    if (path === '/') return void response.setHeader('content-type', 'text/html').end(page);
    if (path === '/module.js') return void response.setHeader('content-type', 'text/javascript').end(module);
    if (path === '/result') resolve(JSON.parse(body));
    if (path === '/error') reject(new Error(`The page failed: ${body}`));
    if (!/^\/(dist|node_modules|test\/peers)\/[^.]*[\w./@-]*$/.test(path)) return void response.writeHead(404).end();
    readFile(join(ROOT, path)).then(
      (bytes) => response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream').end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  const chromium = spawn('chromium', [...FLAGS, `--user-data-dir=${await tempDir()}`, url], { stdio: 'ignore' });
  chromium.on('error', reject);
  onTestFinished(async () => {
    const ended = once(chromium, 'exit');
    if (chromium.exitCode === null && chromium.kill()) await ended;
  });
  const tooLate = setTimeout(() => reject(new Error('The page said nothing for a minute')), 60_000);
  return promise.finally(() => clearTimeout(tooLate));
}

const FLAGS = [
  '--headless',
  // Chromium refuses to run as root otherwise.
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
