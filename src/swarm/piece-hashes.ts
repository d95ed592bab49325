import { fromHex, toHex } from '../base/hex.ts';
import { sameBytes } from '../base/same-bytes.ts';
import type { HashPool, RunHashes, RunPart, StoreOutcome } from '../contracts/hasher.ts';
import { BLOCK_BYTES, layerMatches, merkleRoot } from '../metainfo/merkle.ts';
import { treeHeight } from '../metainfo/merkle-proof.ts';
import type { Torrent, TorrentFile } from '../metainfo/torrent.ts';
import type { PieceMap } from './piece-map.ts';

const SHA1 = 20;
const SHA256 = 32;

/** What the pieces of a torrent must hash to, and the check of it. */
export class PieceHashes {
  readonly #torrent: Torrent;
  readonly #map: PieceMap;
  readonly #hashing: HashPool;
  /** By root, hex; more may come from peers. */
  readonly #layers: Map<string, Uint8Array>;
  /** By root, hex. */
  readonly #files = new Map<string, TorrentFile>();
  /** Bytes of the files that have a layer, by root, hex. */
  readonly #lengths = new Map<string, number>();

  constructor(torrent: Torrent, map: PieceMap, hashing: HashPool) {
    this.#torrent = torrent;
    this.#map = map;
    this.#hashing = hashing;
    this.#layers = new Map(torrent.pieceLayers);
    for (const file of torrent.files) {
      if (!file.root || torrent.version === 'v1') continue;
      this.#files.set(toHex(file.root), file);
      if (file.length > torrent.pieceLength) this.#lengths.set(toHex(file.root), file.length);
    }
  }

  /** Is enough known of a piece to check it? Of a v2 torrent from a magnet link, the layer of its file must have come. */
  isKnown(piece: number): boolean {
    return this.#torrent.pieces !== undefined || this.#expectedNode(piece) !== undefined;
  }

  /** The piece layer of a file, by its root. */
  layer(root: Uint8Array): Uint8Array | undefined {
    return this.#layers.get(toHex(root));
  }

  /** All layers that are known, by the root of their file in hex. */
  get layers(): ReadonlyMap<string, Uint8Array> {
    return this.#layers;
  }

  /** Takes a layer that a peer sent. Returns false when it does not lead to the root of a file of this torrent. */
  addLayer(root: Uint8Array, layer: Uint8Array): boolean {
    const key = toHex(root);
    const length = this.#lengths.get(key);
    if (length === undefined || !layerMatches(layer, root, length, this.#torrent.pieceLength)) return false;
    this.#layers.set(key, layer);
    return true;
  }

  /** The roots and lengths of files whose layers are wanted. */
  missingLayers(): { readonly root: Uint8Array; readonly length: number }[] {
    const missing = [...this.#lengths].filter(([root]) => !this.#layers.has(root));
    return missing.map(([root, length]) => ({ root: fromHex(root), length }));
  }

  /** Where the hashes of a piece's blocks are in the tree of its file; undefined where the torrent has no v2 side. */
  leafSpan(piece: number): { readonly root: Uint8Array; readonly index: number; readonly length: number } | undefined {
    const [slice] = this.#map.slices(piece);
    const file = slice && this.#torrent.files[slice.file];
    if (this.#torrent.version === 'v1' || !file?.root) return undefined;
    const { pieceLength } = this.#torrent;
    if (file.length <= pieceLength)
      return { root: file.root, index: 0, length: 2 ** treeHeight(file.length, BLOCK_BYTES) };
    const length = pieceLength / BLOCK_BYTES;
    return { root: file.root, index: (piece - file.offset / pieceLength) * length, length };
  }

  /** The piece that has a block of the file with this root; undefined when there is none. */
  pieceOfLeaf(root: Uint8Array, index: number): number | undefined {
    const file = this.#files.get(toHex(root));
    if (!file || index * BLOCK_BYTES >= file.length) return undefined;
    return Math.floor((file.offset + index * BLOCK_BYTES) / this.#torrent.pieceLength);
  }

  /** Do the hashes of all blocks of a piece lead to what it must hash to? */
  matchesLeaves(piece: number, leaves: Uint8Array): boolean {
    const width = this.leafSpan(piece)?.length;
    return leaves.length === (width ?? 0) * SHA256 && sameBytes(merkleRoot(leaves), this.#expectedNode(piece)?.hash);
  }

  /** Bytes of a piece that are a file's: what follows is pad. */
  dataLength(piece: number): number {
    return this.#map.slices(piece).reduce((sum, { length }) => sum + length, 0);
  }

  /** Are these the bytes of the piece, pads included? A hybrid torrent's are checked both ways. Rejects with INTERNAL, CLOSED. */
  checkBytes(piece: number, bytes: Uint8Array): Promise<boolean> {
    const dataLength = this.dataLength(piece);
    return this.#check(piece, [bytes], [bytes.subarray(0, dataLength)], bytes.length === dataLength);
  }

  /** Checks a piece and, when it is right, puts it into files that are open: by the place of each in the torrent. */
  storeBytes(piece: number, bytes: Uint8Array, fds: ReadonlyMap<number, number>): Promise<StoreOutcome> {
    const { pieces, pieceLength } = this.#torrent;
    const node = this.#expectedNode(piece);
    const writes = this.#map.slices(piece).flatMap(({ file, position, begin, length }) => {
      const fd = fds.get(file);
      return fd === undefined ? [] : [{ fd, position, bytes: bytes.subarray(begin, begin + length) }];
    });
    const options = { pieceLengths: pieces ? [pieceLength] : [], nodeLength: node && pieceLength };
    return this.#hashing.storeRun(bytes, options, { sha1: this.#expectedSha1(piece), node }, writes);
  }

  /** Are the bytes that SHA-1 is taken of those that the v2 tree stands on? Not where pads follow them. */
  isPlain(piece: number): boolean {
    const isWhole = this.#torrent.version !== 'hybrid' || this.dataLength(piece) === this.#map.size(piece);
    return this.isKnown(piece) && isWhole;
  }

  /** The same for a piece in files. Rejects with INTERNAL when one cannot be read that far. */
  checkFiles(piece: number, pathOf: (file: number) => string | Uint8Array): Promise<boolean> {
    const padded: RunPart[] = [];
    const data: RunPart[] = [];
    let filled = 0;
    for (const { file, position, begin, length } of this.#map.slices(piece)) {
      const part = { path: pathOf(file), start: position, end: position + length };
      if (begin > filled) padded.push(new Uint8Array(begin - filled));
      padded.push(part);
      data.push(part);
      filled = begin + length;
    }
    const size = this.#map.size(piece);
    if (size > filled) padded.push(new Uint8Array(size - filled));
    return this.#check(piece, padded, data, padded.length === data.length);
  }

  /** `padded` is what SHA-1 is taken of, `data` is what the v2 tree stands on. */
  async #check(
    piece: number,
    padded: readonly RunPart[],
    data: readonly RunPart[],
    areSame: boolean,
  ): Promise<boolean> {
    const { pieces, pieceLength } = this.#torrent;
    const node = this.#expectedNode(piece);
    if (!pieces && !node) return false;
    const v1 = { pieceLengths: pieces ? [pieceLength] : [] };
    const v2 = { pieceLengths: [], nodeLength: pieceLength };
    const runs: Promise<RunHashes>[] = [];
    if (pieces && node && areSame) runs.push(this.#hashing.hashRun(data, { ...v1, nodeLength: pieceLength }));
    else {
      if (pieces) runs.push(this.#hashing.hashRun(padded, v1));
      if (node) runs.push(this.#hashing.hashRun(data, v2));
    }
    const found = await Promise.all(runs);
    const sha1 = found[0]?.pieces[0]?.pieces;
    const tree = found.at(-1);
    return (
      (!pieces || sameBytes(sha1, this.#expectedSha1(piece))) &&
      (!node || sameBytes(node.isRoot ? tree?.root : tree?.nodes, node.hash))
    );
  }

  #expectedSha1(piece: number): Uint8Array | undefined {
    return this.#torrent.pieces?.subarray(piece * SHA1, (piece + 1) * SHA1);
  }

  /** Undefined where the torrent has no v2 side, or its layer is not known. */
  #expectedNode(piece: number): ExpectedNode | undefined {
    if (this.#torrent.version === 'v1') return undefined;
    const [slice] = this.#map.slices(piece);
    const file = slice && this.#torrent.files[slice.file];
    if (!file?.root) return undefined;
    const { pieceLength } = this.#torrent;
    if (file.length <= pieceLength) return { hash: file.root, isRoot: true };
    const index = piece - file.offset / pieceLength;
    const hash = this.layer(file.root)?.subarray(index * SHA256, (index + 1) * SHA256);
    return hash && { hash, isRoot: false };
  }
}

interface ExpectedNode {
  readonly hash: Uint8Array;
  /** Of a file of one piece: its tree is only as wide as its own blocks (BEP 52). */
  readonly isRoot: boolean;
}
