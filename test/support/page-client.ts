/** A client in a page, driven from a test. */
import type { BrowserContext, Page } from 'playwright-core';
import type * as browser from '../../src/client/browser/index.ts';
import { openPage } from './browser-bed.ts';

/** What test pages have in their global scope. */
export interface PageScope {
  readonly ms: typeof browser;
  client: browser.BrowserClient;
  torrent: browser.BrowserTorrent;
}

export interface PageClient {
  readonly page: Page;
  /** Adds a torrent; resolves when its files can be read. */
  add(input: string, options?: browser.BrowserAddOptions): Promise<void>;
  /** Waits until everything is there; returns the SHA-256 of its only file. */
  download(): Promise<string>;
  status(): Promise<browser.BrowserTorrentStatus>;
  /** Bytes that came from peers, and from web seeds. */
  received(): Promise<{ readonly peers: number; readonly seeds: number }>;
  isLeader(): Promise<boolean>;
  stored(): Promise<readonly browser.StoredGroup[]>;
}

/** Opens a page of the site with a client. */
export async function pageClient(
  context: BrowserContext,
  url: string,
  options: Omit<browser.BrowserClientOptions, 'createWorker' | 'createPeerConnection'> = {},
): Promise<PageClient> {
  const page = await openPage(context, url);
  await page.evaluate(async (given) => {
    const scope = globalThis as unknown as PageScope;
    scope.client = await scope.ms.createClient(given);
  }, options);
  const status = (): Promise<browser.BrowserTorrentStatus> =>
    page.evaluate(async () => {
      const { client } = globalThis as unknown as PageScope;
      // As fresh as it gets.
      await new Promise((resolve) => setTimeout(resolve, 600));
      const [first] = client.status().torrents;
      if (!first) throw new Error('there is no torrent');
      return first;
    });
  return {
    page,
    status,
    add: (input, addOptions = {}) =>
      page.evaluate(
        async ([what, how]) => {
          const scope = globalThis as unknown as PageScope;
          scope.torrent = await scope.client.add(what, how);
          await scope.torrent.ready();
        },
        [input, addOptions] as const,
      ),
    download: () =>
      page.evaluate(async () => {
        const { torrent } = globalThis as unknown as PageScope;
        await torrent.done();
        const blob = await torrent.files[0]?.blob();
        const digest = new Uint8Array(
          await crypto.subtle.digest('SHA-256', (await blob?.arrayBuffer()) ?? new ArrayBuffer(0)),
        );
        return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
      }),
    async received() {
      const { sources } = await status();
      const peers = sources.find(({ name }) => name === 'peers')?.received ?? 0;
      return { peers, seeds: sources.reduce((sum, { received }) => sum + received, 0) - peers };
    },
    stored: () => page.evaluate(() => (globalThis as unknown as PageScope).client.stored()),
    isLeader: () => page.evaluate(() => (globalThis as unknown as PageScope).client.status().isLeader),
  };
}
