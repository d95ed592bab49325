import { toHex } from '../../base/hex.ts';
import { BLOCK_BYTES, merkleRoot } from '../../metainfo/merkle.ts';
import { type ContentFile, partOf } from './content-files.ts';
import type { Check } from './verify.ts';

const HASH = 32;
const RUN_BYTES = 16 * 1024 * 1024;

/** Compares the v2 trees, file by file; with a piece layer, down to the pieces. */
export async function checkMerkle(check: Check): Promise<void> {
  await Promise.all(check.files.filter(({ file }) => file.root).map((content) => checkFile(check, content)));
}

async function checkFile(check: Check, content: ContentFile): Promise<void> {
  const { torrent, onBad } = check;
  const { length, root = new Uint8Array(0) } = content.file;
  if (length <= torrent.pieceLength) return checkWhole(check, content, root);
  const layer = torrent.pieceLayers.get(toHex(root));
  const nodes = await hashNodes(check, content);
  if (layer) {
    for (let index = 0; index < layer.length / HASH; index++) {
      if (matches(nodes, layer, index * HASH)) continue;
      onBad(content, index * torrent.pieceLength, Math.min(length, (index + 1) * torrent.pieceLength));
    }
  } else if (!matches(merkleRoot(nodes, Math.log2(torrent.pieceLength / BLOCK_BYTES)), root, 0))
    onBad(content, 0, length);
}

async function checkWhole(check: Check, content: ContentFile, root: Uint8Array): Promise<void> {
  const { pool, signal, turn, onBad, onProgress } = check;
  const { length } = content.file;
  await turn(async () => {
    signal.throwIfAborted();
    const readable = (content.size ?? 0) >= length;
    // One node that holds all of it: its root is the file's.
    const nodeLength = Math.max(BLOCK_BYTES, 2 ** Math.ceil(Math.log2(length)));
    const parts = [partOf(content, 0, length)];
    const found = readable ? (await pool.hashRun(parts, { pieceLengths: [], nodeLength })).root : undefined;
    if (!found || !matches(found, root, 0)) onBad(content, 0, length);
    onProgress(length);
  });
}

/** The hashes of the pieces as they are on the disk; zeros where they cannot be read. */
async function hashNodes(
  { torrent, pool, signal, turn, onProgress }: Check,
  content: ContentFile,
): Promise<Uint8Array> {
  const { pieceLength } = torrent;
  const { length } = content.file;
  const nodes = new Uint8Array(Math.ceil(length / pieceLength) * HASH);
  const step = Math.max(pieceLength, RUN_BYTES);
  const runs: Promise<void>[] = [];
  for (let start = 0; start < length; start += step) {
    const end = Math.min(length, start + step);
    runs.push(
      turn(async () => {
        signal.throwIfAborted();
        // A short file may be right as far as it goes, but its last piece is not.
        const size = Math.min(content.size ?? 0, length);
        const usable = size >= end ? end : Math.floor(size / pieceLength) * pieceLength;
        if (usable > start) {
          const parts = [partOf(content, start, usable)];
          const hashes = await pool.hashRun(parts, { pieceLengths: [], nodeLength: pieceLength });
          nodes.set(hashes.nodes, (start / pieceLength) * HASH);
        }
        onProgress(end - start);
      }),
    );
  }
  await Promise.all(runs);
  return nodes;
}

function matches(found: Uint8Array, wanted: Uint8Array, offset: number): boolean {
  for (let index = offset; index < offset + HASH; index++) if (found[index] !== wanted[index]) return false;
  return true;
}
