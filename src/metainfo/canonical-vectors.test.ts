/** docs/canonical-torrent.md: the vectors were written by libtorrent 2.0.8 (test/fixtures/make-canonical-vectors.py). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { toHex } from '../base/hex.ts';
import type { FileHashes } from '../contracts/piece-hashes.ts';
import { createStreamHasher } from '../hashing/index.ts';
import { planFileTorrent, planRepoTorrent, sealLayout, type Variant } from './canonical.ts';

interface Hashes {
  readonly infoHash: string | null;
  readonly infoHashV2: string | null;
}
interface Vector {
  readonly title: string;
  readonly kind: 'file' | 'repo';
  readonly name: string;
  readonly pieceLength: number;
  readonly files: readonly { readonly path: string; readonly length: number }[];
  readonly hybrid: Hashes;
  readonly v1: Hashes;
  readonly v2: Hashes;
}

const path = join(import.meta.dirname, '../../test/fixtures/canonical-vectors.json');
const vectors: readonly Vector[] = JSON.parse(readFileSync(path, 'utf8'));

async function hashesOf(file: number, length: number, pieceLength: number): Promise<FileHashes> {
  const hasher = await createStreamHasher([pieceLength]);
  await hasher.update(Uint8Array.from({ length }, (_, index) => (index * 31 + file * 7 + (index >> 8)) & 255));
  return (await hasher.finish()).hashes;
}

test.each(vectors)('$kind: $title', async ({ kind, name, files, pieceLength, ...expected }) => {
  const hashes = await Promise.all(files.map(({ length }, file) => hashesOf(file, length, pieceLength)));
  const forms: readonly (readonly [Variant, Hashes])[] = [
    ['default', expected.hybrid],
    ['v1', expected.v1],
    ['v2', expected.v2],
  ];
  for (const [variant, wanted] of forms) {
    const layout =
      kind === 'file' ? planFileTorrent(name, files[0]?.length ?? 0, variant) : planRepoTorrent(name, files, variant);
    const { infoHash, infoHashV2 } = sealLayout(layout, (index) => hashes[index] ?? expect.fail('no such file'));
    expect([variant, infoHash ? toHex(infoHash) : null, infoHashV2 ? toHex(infoHashV2) : null]).toEqual([
      variant,
      wanted.infoHash,
      wanted.infoHashV2,
    ]);
  }
});
