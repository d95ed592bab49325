import { expect, test } from 'vitest';
import type { Torrent, TorrentFile } from '../metainfo/torrent.ts';
import { webSeedUrl } from './web-seed-url.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function torrentOf(options: { version?: Torrent['version']; isSingleFile?: boolean; name?: Uint8Array }): Torrent {
  const { version = 'v1', isSingleFile = false, name = bytes('my model') } = options;
  return { version, isSingleFile, rawName: name } as unknown as Torrent;
}

const fileOf = (...path: Uint8Array[]): TorrentFile => ({ rawPath: path }) as unknown as TorrentFile;
const NESTED = fileOf(bytes('a b'), bytes('100%#?.bin'));

test.each([
  ['a file of several, behind a slash', 'http://h/x/', {}, 'http://h/x/my%20model/a%20b/100%25%23%3F.bin'],
  ['the same without the slash', 'http://h/x', {}, 'http://h/x/my%20model/a%20b/100%25%23%3F.bin'],
  ['a single file', 'http://h/x/y.bin', { isSingleFile: true }, 'http://h/x/y.bin'],
  ['a single file in a folder', 'http://h/x/', { isSingleFile: true }, 'http://h/x/my%20model'],
  ['a single file of v2 only', 'http://h/x', { isSingleFile: true, version: 'v2' as const }, 'http://h/x/my%20model'],
  ['a name that is no UTF-8', 'http://h/', { isSingleFile: true, name: Uint8Array.of(0xff, 0x41) }, 'http://h/%FFA'],
  ['a seed with a query', 'http://h/x/?key=1', { isSingleFile: true }, 'http://h/x/my%20model?key=1'],
])('%s', (_, seed, torrent, expected) => {
  expect(webSeedUrl(seed, torrentOf(torrent), NESTED).href).toBe(expected);
});
