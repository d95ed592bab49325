import { fromHex, toHex } from '../base/hex.ts';
import { sameBytes } from '../base/same-bytes.ts';
import type { HashPool, RunHashes, RunPart, StoreOutcome } from '../contracts/hasher.ts';
import { layerMatches } from '../metainfo/merkle.ts';
import type { Torrent } from '../metainfo/torrent.ts';
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
  /** Bytes of the files that have a layer, by root, hex. */
  readonly #lengths = new Map<string, number>();

  constructor(torrent: Torrent, map: PieceMap, hashing: HashPool) {
    this.#torrent = torrent;
    this.#map = map;
    this.#hashing = hashing;
    this.#layers = new Map(torrent.pieceLayers);
    for (const { root, length } of torrent.files) {
      if (root && length > torrent.pieceLength) this.#lengths.set(toHex(root), length);
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

  /** Are these the bytes of the piece, pads included? A hybrid torrent's are checked both ways. Rejects with INTERNAL, CLOSED. */
  checkBytes(piece: number, bytes: Uint8Array): Promise<boolean> {
    const dataLength = this.#map.slices(piece).reduce((sum, { length }) => sum + length, 0);
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
    const dataLength = this.#map.slices(piece).reduce((sum, { length }) => sum + length, 0);
    return this.isKnown(piece) && (this.#torrent.version !== 'hybrid' || dataLength === this.#map.size(piece));
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
