import { concat } from '../base/concat.ts';
import type { FileHasher, HashPool, RunHashes, RunHashOptions, RunPart } from '../contracts/hasher.ts';
import type { PieceHashes } from '../contracts/piece-hashes.ts';
import { SwarmError } from '../errors.ts';
import { merkleRoot } from '../metainfo/merkle.ts';

/** Bytes under one leaf of a BEP 52 tree. */
const BLOCK = 16 * 1024;
const HASH = 32;
/** WebCrypto hashes in threads of its own: so many runs at a time keep them busy. */
const AT_ONCE = 4;

/**
 * Hashes bytes in memory with WebCrypto: 64 leaves in flight make 695 MB/s here, whole pieces of SHA-1 384. What reads files is not there:
 * browsers have none.
 */
export function createWebHashPool(): HashPool {
  return {
    threads: AT_ONCE,
    sharesMemory: false,
    hashRun,
    storeRun: () => Promise.reject(absent()),
    open: (): FileHasher => {
      throw absent();
    },
    crc32: () => Promise.reject(absent()),
    close: async () => {},
  };
}

async function hashRun(parts: readonly RunPart[], { pieceLengths, nodeLength }: RunHashOptions): Promise<RunHashes> {
  const bytes = joined(parts);
  const [tree, ...pieces] = await Promise.all([
    nodeLength === undefined ? { nodes: new Uint8Array(0), root: new Uint8Array(0) } : hashTree(bytes, nodeLength),
    ...pieceLengths.map((length) => hashPieces(bytes, length)),
  ]);
  return { ...tree, pieces };
}

/** One part, as a piece in memory is, is not copied. */
function joined(parts: readonly RunPart[]): Uint8Array<ArrayBuffer> {
  const inMemory = parts.map((part) => {
    if (part instanceof Uint8Array) return part as Uint8Array<ArrayBuffer>;
    throw absent();
  });
  const [only] = inMemory;
  return inMemory.length === 1 && only ? only : concat(inMemory);
}

async function hashTree(
  bytes: Uint8Array<ArrayBuffer>,
  nodeLength: number,
): Promise<Pick<RunHashes, 'nodes' | 'root'>> {
  const count = Math.ceil(bytes.length / BLOCK);
  const leaves = await Promise.all(
    Array.from({ length: count }, (_, leaf) =>
      crypto.subtle.digest('SHA-256', bytes.subarray(leaf * BLOCK, (leaf + 1) * BLOCK)),
    ),
  );
  const perNode = nodeLength / BLOCK;
  const nodes = new Uint8Array(Math.ceil(count / perNode) * HASH);
  for (let first = 0; first < count; first += perNode)
    nodes.set(merkleRoot(filled(leaves.slice(first, first + perNode), perNode)), (first / perNode) * HASH);
  const isShort = count > 0 && count <= perNode;
  // A short file's tree is only as wide as its own blocks.
  const root = isShort ? merkleRoot(filled(leaves, 2 ** Math.ceil(Math.log2(count)))) : new Uint8Array(0);
  return { nodes, root };
}

/** Leaves filled up with zeros. */
function filled(leaves: readonly ArrayBuffer[], width: number): Uint8Array {
  const row = new Uint8Array(width * HASH);
  for (const [at, leaf] of leaves.entries()) row.set(new Uint8Array(leaf), at * HASH);
  return row;
}

async function hashPieces(bytes: Uint8Array<ArrayBuffer>, pieceLength: number): Promise<PieceHashes> {
  const count = Math.ceil(bytes.length / pieceLength);
  const digests = await Promise.all(
    Array.from({ length: count }, (_, at) => sha1(bytes.subarray(at * pieceLength, (at + 1) * pieceLength))),
  );
  const last = bytes.subarray((count - 1) * pieceLength);
  const isPartial = count > 0 && last.length < pieceLength;
  const paddedLast = isPartial
    ? await sha1(concat([last, new Uint8Array(pieceLength - last.length)]))
    : new Uint8Array(0);
  return { pieceLength, pieces: concat(digests), paddedLast };
}

async function sha1(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest('SHA-1', bytes));
}

function absent(): SwarmError {
  return new SwarmError('INTERNAL', 'Browsers have no files of their own to hash');
}
