import { toHex } from '../base/hex.ts';
import { BLOCK_BYTES } from '../metainfo/merkle.ts';
import { buildTreeTop, readSpan, spanMatches, type TreeTop, treeHeight } from '../metainfo/merkle-proof.ts';
import type { Torrent } from '../metainfo/torrent.ts';
import {
  decodeHashes,
  decodeHashRequest,
  encodeHashes,
  encodeHashRequest,
  type HashRequest,
} from '../wire/hash-messages.ts';
import { encodePayload } from '../wire/messages.ts';
import type { Peer } from './peer.ts';
import type { PieceHashes } from './piece-hashes.ts';

/** What BEP 52 asks for at most in one request. */
const SPAN = 512;
/** Tree tops of files that peers asked for; one of 100,000 pieces has 6 MB. */
const MOST_TOPS = 8;
/** Requests to one peer at a time. */
const MOST_ASKED = 8;

/** A layer that is being put together. */
interface Wanted {
  readonly root: Uint8Array;
  readonly length: number;
  readonly layer: Uint8Array;
  /** Index of the first hash of each span that is missing, and who was asked for it. */
  readonly missing: Map<number, Peer | undefined>;
}

/** Asks peers for the piece layers that a magnet link's metadata does not have, and answers those who ask us (BEP 52). */
export class HashExchange {
  readonly #torrent: Torrent;
  readonly #hashes: PieceHashes;
  readonly #base: number;
  readonly #wanted = new Map<string, Wanted>();
  readonly #refused = new Set<Peer>();
  readonly #tops = new Map<string, TreeTop>();
  readonly #onLayer: (root: Uint8Array) => void;

  /** `onLayer` hears of every layer that is complete. */
  constructor(torrent: Torrent, hashes: PieceHashes, onLayer: (root: Uint8Array) => void) {
    this.#torrent = torrent;
    this.#hashes = hashes;
    this.#onLayer = onLayer;
    this.#base = Math.log2(torrent.pieceLength / BLOCK_BYTES);
    for (const root of hashes.missingLayers()) this.#want(root);
  }

  get isComplete(): boolean {
    return this.#wanted.size === 0;
  }

  /** Asks a peer for what is missing, as far as it may be asked. */
  ask(peer: Peer): void {
    if (!peer.isV2 || this.#refused.has(peer) || peer.isClosed) return;
    let asked = 0;
    for (const { missing } of this.#wanted.values()) for (const of of missing.values()) if (of === peer) asked++;
    for (const wanted of this.#wanted.values()) {
      for (const [index, of] of wanted.missing) {
        if (asked >= MOST_ASKED) return;
        if (of !== undefined) continue;
        wanted.missing.set(index, peer);
        asked++;
        peer.send(encodePayload('hashRequest', encodeHashRequest(this.#requestFor(wanted, index))));
      }
    }
  }

  /** Answers a peer's request: with the hashes, or a reject. */
  answer(peer: Peer, payload: Uint8Array): void {
    const request = decodeHashRequest(payload);
    if (!request) {
      peer.close('it asked for hashes that cannot be');
      return;
    }
    const top = this.#topOf(request.root);
    const hashes = top && readSpan(top, request, request.proofLayers);
    peer.send(
      hashes
        ? encodePayload('hashes', encodeHashes(request, hashes))
        : encodePayload('hashReject', encodeHashRequest(request)),
    );
  }

  /** Takes hashes that a peer sent. Returns false when they are wrong, or nobody asked for them. */
  take(peer: Peer, payload: Uint8Array): boolean {
    const answer = decodeHashes(payload);
    if (!answer) return false;
    const { request, hashes } = answer;
    const wanted = this.#wanted.get(toHex(request.root));
    // Another peer may have been asked meanwhile.
    if (!wanted?.missing.has(request.index)) return true;
    const expected = this.#requestFor(wanted, request.index);
    const isExpected = request.base === expected.base && request.length === expected.length;
    if (!isExpected || !spanMatches(request, hashes, request.root, treeHeight(wanted.length, BLOCK_BYTES)))
      return false;
    const own = hashes.subarray(0, request.length * 32);
    wanted.layer.set(own.subarray(0, wanted.layer.length - request.index * 32), request.index * 32);
    wanted.missing.delete(request.index);
    if (wanted.missing.size === 0) this.#complete(wanted);
    else this.ask(peer);
    return true;
  }

  /** The peer does not have what it was asked for. */
  rejected(peer: Peer): void {
    this.#refused.add(peer);
    this.#release(peer);
  }

  forget(peer: Peer): void {
    this.#refused.delete(peer);
    this.#release(peer);
  }

  #release(peer: Peer): void {
    for (const { missing } of this.#wanted.values()) {
      for (const [index, of] of missing) if (of === peer) missing.set(index, undefined);
    }
  }

  #want(root: Uint8Array): void {
    const file = this.#torrent.files.find((candidate) => candidate.root && toHex(candidate.root) === toHex(root));
    if (!file) return;
    const count = Math.ceil(file.length / this.#torrent.pieceLength);
    const missing = new Map<number, Peer | undefined>();
    for (let index = 0; index < count; index += SPAN) missing.set(index, undefined);
    this.#wanted.set(toHex(root), { root, length: file.length, layer: new Uint8Array(count * 32), missing });
  }

  #requestFor({ root, length }: Wanted, index: number): HashRequest {
    const height = treeHeight(length, BLOCK_BYTES) - this.#base;
    const span = Math.min(SPAN, 2 ** height);
    // Up to the layer below the root.
    return { root, base: this.#base, index, length: span, proofLayers: span === 2 ** height ? 0 : height - 1 };
  }

  #complete({ root, layer }: Wanted): void {
    this.#wanted.delete(toHex(root));
    if (this.#hashes.addLayer(root, layer)) this.#onLayer(root);
  }

  #topOf(root: Uint8Array): TreeTop | undefined {
    const key = toHex(root);
    const known = this.#tops.get(key);
    if (known) return known;
    const layer = this.#hashes.layer(root);
    if (!layer) return undefined;
    if (this.#tops.size >= MOST_TOPS) this.#tops.clear();
    const top = buildTreeTop(layer, this.#base);
    this.#tops.set(key, top);
    return top;
  }
}
