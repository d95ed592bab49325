import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Bitfield } from '../base/bitfield.ts';
import type { Torrent } from '../metainfo/torrent.ts';
import { PieceMap } from './piece-map.ts';
import { decodeResumeData, encodeResumeData, trustedPieces } from './resume-data.ts';

const infoHash = Uint8Array.from({ length: 20 }, (_, at) => at);
const file = (offset: number, length: number) => ({ offset, length, isPad: false });
const map = new PieceMap({
  version: 'v1',
  pieceLength: 16_384,
  length: 50_000,
  files: [file(0, 20_000), file(20_000, 30_000)],
} as unknown as Torrent);

function fieldOf(...pieces: number[]): Bitfield {
  const field = new Bitfield(map.pieceCount);
  for (const piece of pieces) field.add(piece);
  return field;
}

const files = [{ length: 20_000, version: '1.5' }, undefined];
const data = { pieces: fieldOf(0), files, uploaded: 7, downloaded: 2 ** 40 };

test('what was written down is read again, and is of no other torrent', () => {
  const bytes = encodeResumeData(data, infoHash);
  expect(decodeResumeData(bytes, infoHash, map)).toEqual(data);
  expect(decodeResumeData(bytes, new Uint8Array(20), map)).toBeUndefined();
});

test('damaged records are none, whatever happened to them', () => {
  const good = encodeResumeData(data, infoHash);
  const damage = fc.tuple(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length));
  fc.assert(
    fc.property(damage, ([at, byte, length]) => {
      const bytes = good.slice(0, length);
      bytes[at] = byte;
      const found = decodeResumeData(bytes, infoHash, map);
      if (found) expect(found.pieces.size).toBe(map.pieceCount);
    }),
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void decodeResumeData(bytes, infoHash, map)));
});

test('pieces are believed where all their files look as they did, and looked at where one does not', () => {
  const both = { ...data, pieces: fieldOf(0, 1, 2, 3), files: [files[0], { length: 30_000, version: '2' }] };
  const now = [files[0], { length: 30_000, version: '3' }];
  const { trusted, doubted } = trustedPieces(both, now, map);
  expect([0, 1, 2, 3].filter((piece) => trusted.has(piece))).toEqual([0]);
  expect(doubted).toEqual([1, 2, 3]);
});
