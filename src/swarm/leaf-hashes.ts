import { platform } from '#platform';
import type { Bitfield } from '../base/bitfield.ts';
import { concat } from '../base/concat.ts';
import { TokenBucket } from '../base/token-bucket.ts';
import type { Clock } from '../contracts/clock.ts';
import type { TorrentStorage } from '../contracts/torrent-storage.ts';
import { BLOCK_BYTES } from '../metainfo/merkle.ts';
import { buildTreeTop, readSpan, type TreeTop } from '../metainfo/merkle-proof.ts';
import { encodeHashes, encodeHashRequest, type HashRequest, uncleCount } from '../wire/hash-messages.ts';
import { encodePayload } from '../wire/messages.ts';
import type { Peer } from './peer.ts';
import type { PieceHashes } from './piece-hashes.ts';
import type { PieceMap } from './piece-map.ts';

const HASH = 32;
/** What BEP 52 asks for at most in one request; also what an answer may cost: 8 MiB that are read and hashed. */
const MOST_LEAVES = 512;
/** Of all peers together; more is rejected. They are needed only where somebody sends bad blocks. */
const ANSWERS_PER_SECOND = 4;
const ANSWERS_AT_ONCE = 16;
/** Peers that are asked about one bad piece. */
const MOST_ASKED = 3;
const MOST_WANTED = 100;

export interface LeafHashesOptions {
  readonly map: PieceMap;
  readonly have: Bitfield;
  readonly hashes: PieceHashes;
  readonly storage: TorrentStorage;
  readonly clock: Clock;
  readonly peers: ReadonlySet<Peer>;
  /** The hashes of a bad piece's blocks are known. */
  readonly onLeaves: (piece: number, leaves: Uint8Array) => void;
}

/** The hashes of single blocks (BEP 52, layer 0): asked for when a piece is bad, to see which block, and told to those who ask us. */
export class LeafHashes {
  readonly #options: LeafHashesOptions;
  readonly #budget: TokenBucket;
  /** Bad pieces, and how many may still be asked. */
  readonly #wanted = new Map<number, number>();
  #answering: Promise<void> = Promise.resolve();

  constructor(options: LeafHashesOptions) {
    this.#options = options;
    this.#budget = new TokenBucket({ clock: options.clock, perSecond: ANSWERS_PER_SECOND, burst: ANSWERS_AT_ONCE });
  }

  /** A piece is bad: those who have it are asked for the hashes of its blocks, first those who sent nothing of it. */
  ask(piece: number, senders: ReadonlySet<object>): void {
    const span = this.#options.hashes.leafSpan(piece);
    if (!span || span.length > MOST_LEAVES || this.#wanted.has(piece) || this.#wanted.size >= MOST_WANTED) return;
    const able = [...this.#options.peers].filter((peer) => peer.isV2 && !peer.isClosed && peer.has(piece));
    const asked = able.sort((a, b) => Number(senders.has(a)) - Number(senders.has(b))).slice(0, MOST_ASKED);
    if (asked.length === 0) return;
    this.#wanted.set(piece, asked.length);
    const request = encodePayload('hashRequest', encodeHashRequest({ ...span, base: 0, proofLayers: 0 }));
    for (const peer of asked) peer.send(request);
  }

  /** Takes hashes that a peer sent. Returns false when they are wrong, or nobody asked for them. */
  take({ root, index, length }: HashRequest, hashes: Uint8Array): boolean {
    const piece = this.#options.hashes.pieceOfLeaf(root, index);
    if (piece === undefined) return false;
    // Another peer may have answered meanwhile.
    if (!this.#wanted.has(piece)) return true;
    if (hashes.length !== length * HASH || !this.#options.hashes.matchesLeaves(piece, hashes)) return false;
    this.#wanted.delete(piece);
    this.#options.onLeaves(piece, hashes);
    return true;
  }

  /** A peer does not have what it was asked for. */
  rejected({ root, index }: HashRequest): void {
    const piece = this.#options.hashes.pieceOfLeaf(root, index);
    const left = piece === undefined ? undefined : this.#wanted.get(piece);
    if (piece === undefined || left === undefined) return;
    if (left > 1) this.#wanted.set(piece, left - 1);
    else this.#wanted.delete(piece);
  }

  /** The piece is good now, or there is nothing more to learn. */
  forget(piece: number): void {
    this.#wanted.delete(piece);
  }

  /** Answers a peer's request, after those that came before it: with the hashes, or a reject. `top`: the tree of its file above. */
  answer(peer: Peer, request: HashRequest, top: TreeTop | undefined): void {
    const piece = this.#options.hashes.pieceOfLeaf(request.root, request.index);
    const isHeld = piece !== undefined && this.#options.have.has(piece) && request.length <= MOST_LEAVES;
    if (!isHeld || this.#budget.tryTake(1) > 0) {
      reject(peer, request);
      return;
    }
    this.#answering = this.#answering.then(async () => {
      if (peer.isClosed) return;
      const hashes = await this.#read(piece, request, top).catch(() => undefined);
      if (hashes) peer.send(encodePayload('hashes', encodeHashes(request, hashes)));
      else reject(peer, request);
    });
  }

  async #read(piece: number, request: HashRequest, top: TreeTop | undefined): Promise<Uint8Array | undefined> {
    const span = this.#options.hashes.leafSpan(piece);
    if (!span || span.length > MOST_LEAVES || request.length > span.length) return undefined;
    const subtree = buildTreeTop(await this.#leavesOf(piece), 0);
    // As wide as the piece, also where the file ends in it.
    if (subtree.levels[0]?.length !== span.length * HASH) return undefined;
    const within = Math.log2(span.length) - Math.log2(request.length);
    const uncles = uncleCount(request);
    const own = { base: 0, index: request.index - span.index, length: request.length };
    const below = readSpan(subtree, own, Math.min(uncles, within) + Math.log2(request.length) - 1);
    if (!below || uncles <= within) return below;
    const base = Math.log2(span.length);
    // The first hash of it is the piece's own, which follows from what is below.
    const above = top && readSpan(top, { base, index: span.index / span.length, length: 1 }, uncles - within - 1);
    return above && concat([below, above.subarray(HASH)]);
  }

  /** The hashes of a piece's blocks, filled up with zeros to its width. */
  async #leavesOf(piece: number): Promise<Uint8Array> {
    const { map, hashes, storage } = this.#options;
    const leaves = new Uint8Array((hashes.leafSpan(piece)?.length ?? 0) * HASH);
    const block = new Uint8Array(BLOCK_BYTES);
    const [slice] = map.slices(piece);
    if (!slice) return leaves;
    for (let at = 0; at < slice.length; at += BLOCK_BYTES) {
      const target = block.subarray(0, Math.min(BLOCK_BYTES, slice.length - at));
      await storage.read(slice.file, slice.position + at, [target]);
      platform.digestInto('SHA-256', target, leaves, (at / BLOCK_BYTES) * HASH);
    }
    return leaves;
  }
}

function reject(peer: Peer, request: HashRequest): void {
  peer.send(encodePayload('hashReject', encodeHashRequest(request)));
}
