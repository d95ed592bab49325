import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isSwarmError } from '../errors.ts';
import { parseInfo } from './parse-info.ts';
import { parseTorrent } from './parse-torrent.ts';

const FIXTURES = join(import.meta.dirname, '../../test/fixtures/torrents');
const torrents = readdirSync(FIXTURES)
  .filter((name) => name.endsWith('.torrent'))
  .map((name) => new Uint8Array(readFileSync(join(FIXTURES, name))));

/** Torrents of real programs with some bytes changed, left out, repeated or put in. */
const broken = fc
  .tuple(
    fc.constantFrom(...torrents),
    fc.array(
      fc.tuple(fc.constantFrom('set', 'cut', 'repeat', 'put'), fc.nat(), fc.nat(40), fc.uint8Array({ maxLength: 5 })),
      {
        minLength: 1,
        maxLength: 5,
      },
    ),
  )
  .map(([torrent, changes]) => {
    let bytes = Buffer.from(torrent);
    for (const [how, position, length, replacement] of changes) {
      const at = position % (bytes.length + 1);
      const before = bytes.subarray(0, at);
      const after = bytes.subarray(at);
      if (how === 'set') bytes = Buffer.concat([before, replacement, after.subarray(replacement.length)]);
      if (how === 'cut') bytes = Buffer.concat([before, after.subarray(length)]);
      if (how === 'repeat') bytes = Buffer.concat([before, after.subarray(0, length), after]);
      if (how === 'put') bytes = Buffer.concat([before, replacement, after]);
    }
    return new Uint8Array(bytes);
  });

test('a broken torrent is read or refused, and what was read holds together', () => {
  fc.assert(
    fc.property(broken, (bytes) => {
      for (const parse of [parseTorrent, parseInfo]) {
        try {
          const { files, length, pieceLength } = parse(bytes);
          expect(pieceLength).toBeGreaterThan(0);
          expect(files.reduce((sum, file) => sum + (file.isPad ? 0 : file.length), 0)).toBe(length);
          for (const { path, rawPath } of files) {
            expect(path.split('/')).not.toContain('..');
            expect(rawPath.length).toBeGreaterThan(0);
          }
        } catch (error) {
          if (!isSwarmError(error, 'BAD_TORRENT') && !isSwarmError(error, 'TOO_LARGE')) throw error;
        }
      }
    }),
  );
});
