import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { toHex } from '../base/hex.ts';
import { parseTorrent } from './parse-torrent.ts';

const FIXTURES = join(import.meta.dirname, '../../test/fixtures/torrents');

interface Expectation {
  readonly version: string;
  readonly infoHash: string | null;
  readonly infoHashV2: string | null;
  readonly pieceLength: number;
  readonly name: string;
  readonly private: boolean;
  readonly trackers: readonly (readonly string[])[];
  readonly webSeeds: readonly string[];
  readonly files: readonly { readonly path: string; readonly length: number; readonly root: string | null }[];
}

const expected: Readonly<Record<string, Expectation>> = JSON.parse(
  readFileSync(join(FIXTURES, 'expected.json'), 'utf8'),
);
const read = (name: string) => parseTorrent(new Uint8Array(readFileSync(join(FIXTURES, name))));

describe('torrents of other programs are read as they meant them', () => {
  test.each(Object.entries(expected))('%s', (name, expectation) => {
    const torrent = read(name);
    expect({
      version: torrent.version,
      infoHash: torrent.infoHash ? toHex(torrent.infoHash) : null,
      infoHashV2: torrent.infoHashV2 ? toHex(torrent.infoHashV2) : null,
      pieceLength: torrent.pieceLength,
      name: torrent.name,
      private: torrent.isPrivate,
      trackers: torrent.trackers,
      webSeeds: torrent.webSeeds,
      files: torrent.files
        .filter(({ isPad }) => !isPad)
        .map(({ path, length, root }) => ({ path, length, root: root ? toHex(root) : null })),
    }).toEqual(expectation);
    expect(torrent.hasAllLayers).toBe(true);
    expect(torrent.isSingleFile).toBe(name.includes('single'));
  });

  test('libtorrent pads behind the last file, too', () => {
    expect(read('libtorrent-hybrid-tail-pad.torrent').files.at(-1)).toMatchObject({
      isPad: true,
      length: 65_536 * 2 - 1 - 65_536 - 16_384,
    });
  });
});
