import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseTorrent } from '../metainfo/parse-torrent.ts';
import { PieceMap } from './piece-map.ts';

const FIXTURES = join(import.meta.dirname, '../../test/fixtures/torrents');
const NAMES = [
  'mktorrent-single',
  'mktorrent-multi',
  'libtorrent-hybrid-tail-pad',
  'libtorrent-v2',
  'modelregistry-form',
  'transmission-multi',
];

describe.each(NAMES)('the pieces of %s', (name) => {
  const torrent = parseTorrent(new Uint8Array(readFileSync(join(FIXTURES, `${name}.torrent`))));
  const map = new PieceMap(torrent);
  const pieces = Array.from({ length: map.pieceCount }, (_, piece) => piece);

  test('are as many as there are hashes', () => {
    if (torrent.pieces) expect(map.pieceCount).toBe(torrent.pieces.length / 20);
  });

  test('have every byte of every file once, in order', () => {
    const seen = torrent.files.map(() => 0);
    for (const piece of pieces) {
      let filled = 0;
      for (const { file, position, begin, length } of map.slices(piece)) {
        expect(begin).toBeGreaterThanOrEqual(filled);
        expect(position).toBe(seen[file]);
        seen[file] = position + length;
        filled = begin + length;
        expect(map.locate(file, position)).toEqual({ piece, begin });
      }
      expect(filled).toBeLessThanOrEqual(map.size(piece));
    }
    expect(seen).toEqual(torrent.files.map(({ length, isPad }) => (isPad ? 0 : length)));
  });

  test('are found for each file', () => {
    for (const [file, { length, isPad }] of torrent.files.entries()) {
      if (length === 0 || isPad) continue;
      const having = pieces.filter((piece) => map.slices(piece).some((slice) => slice.file === file));
      expect(map.piecesOf(file)).toEqual({ first: having[0], end: (having.at(-1) ?? 0) + 1 });
    }
  });

  test('have slices of parts that are parts of their slices', () => {
    for (const piece of pieces) {
      const whole = map.slices(piece);
      const size = map.size(piece);
      const halves = [map.slices(piece, 0, size >> 1), map.slices(piece, size >> 1)].flat();
      const sum = (slices: typeof whole) => slices.reduce((total, { length }) => total + length, 0);
      expect(sum(halves)).toBe(sum(whole));
    }
  });
});
