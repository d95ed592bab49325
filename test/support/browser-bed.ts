/** Real Chromium profiles on a page of ours, with the bundles that the package ships. */
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { bundleBrowser } from '../../scripts/bundle-browser.mjs';
import { loopbackServer } from './loopback-server.ts';
import { tempDir } from './temp-dir.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
  '.html': 'text/html',
};
const PAGE =
  '<!doctype html><title>modelswarm</title><script type="module">globalThis.ms = await import("/index.js"); globalThis.isReady = true;</script>';

let bundle: Promise<string> | undefined;

/** The folder with the bundles of src/, made once. */
function browserBundle(): Promise<string> {
  bundle ??= mkdtemp(join(tmpdir(), 'modelswarm-bundle-')).then(async (folder) => {
    await bundleBrowser(folder);
    return folder;
  });
  return bundle;
}

/** A site that serves the bundles, and pages and files of a test. Its URL. */
export async function site(files: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = await browserBundle();
  const { url } = await loopbackServer(({ url: asked }, response) => {
    const path = new URL(asked, 'http://x').pathname;
    const own = path === '/' ? (files['/'] ?? PAGE) : files[path];
    response.setHeader(
      'content-type',
      path === '/' ? 'text/html' : (TYPES[extname(path)] ?? 'application/octet-stream'),
    );
    if (own !== undefined) return void response.end(own);
    if (path === '/favicon.ico') return void response.writeHead(204).end();
    if (!/^\/[\w-]+\.js$/.test(path)) return void response.writeHead(404).end();
    readFile(join(folder, path)).then(
      (bytes) => response.end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  return url;
}

/** A browser with a disk of its own; it ends with the test. Pages that throw fail the test by what they log. */
export async function openProfile(folder?: string): Promise<BrowserContext> {
  const context = await chromium.launchPersistentContext(folder ?? (await tempDir()), {
    executablePath: '/usr/bin/chromium',
    headless: true,
    args: ['--no-sandbox', '--disable-gpu'],
  });
  onTestFinished(() => context.close());
  return context;
}

/** A page of the site, with the client as `ms`. */
export async function openPage(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage();
  page.on('console', (message) => message.type() === 'error' && console.error(`page: ${message.text()}`));
  page.on('pageerror', (error) => console.error(`page: ${error.stack}`));
  await page.goto(url);
  await page.waitForFunction('globalThis.isReady');
  return page;
}
