import { toHex } from '../base/hex.ts';
import type { Clock } from '../contracts/clock.ts';
import { BLOCK_BYTES } from '../metainfo/merkle.ts';
import { buildTreeTop, readSpan, spanMatches, type TreeTop, treeHeight } from '../metainfo/merkle-proof.ts';
import {
  decodeHashes,
  decodeHashRequest,
  encodeHashes,
  encodeHashRequest,
  type HashRequest,
} from '../wire/hash-messages.ts';
import { encodePayload } from '../wire/messages.ts';
import type { LeafHashes } from './leaf-hashes.ts';
import type { Peer } from './peer.ts';
import type { PieceHashes } from './piece-hashes.ts';

/** What BEP 52 asks for at most in one request. */
const SPAN = 512;
/** Requests to one peer at a time. */
const MOST_ASKED = 8;
/** A peer that has not answered by then is not asked any more. */
const PATIENCE_MS = 20_000;

/** A layer that is being put together. */
interface Wanted {
  readonly root: Uint8Array;
  /** Bytes of the file. */
  readonly length: number;
  readonly layer: Uint8Array;
  /** Index of the first hash of each span that is missing, and who was asked for it when. */
  readonly missing: Map<number, { readonly peer: Peer; readonly at: number } | undefined>;
}

export interface HashExchangeOptions {
  readonly pieceLength: number;
  readonly hashes: PieceHashes;
  readonly leaves: LeafHashes;
  readonly clock: Clock;
  readonly peers: ReadonlySet<Peer>;
  /** A layer is complete. */
  readonly onLayer: (root: Uint8Array) => void;
}

/** Asks peers for the piece layers that a magnet link's metadata does not have, and answers those who ask us (BEP 52). */
export class HashExchange {
  readonly #options: HashExchangeOptions;
  /** Level of the piece layer above the leaves. */
  readonly #base: number;
  readonly #wanted = new Map<string, Wanted>();
  readonly #useless = new WeakSet<Peer>();
  /** Of files that peers asked about; all of them have twice the bytes of the layers. */
  readonly #tops = new Map<string, TreeTop>();

  constructor(options: HashExchangeOptions) {
    this.#options = options;
    this.#base = Math.log2(options.pieceLength / BLOCK_BYTES);
    for (const { root, length } of options.hashes.missingLayers()) this.#want(root, length);
  }

  get isComplete(): boolean {
    return this.#wanted.size === 0;
  }

  /** Asks a peer for what is missing, as far as it may be asked. */
  ask(peer: Peer): void {
    if (this.isComplete || !peer.isV2 || this.#useless.has(peer) || peer.isClosed) return;
    let asked = 0;
    for (const { missing } of this.#wanted.values()) for (const of of missing.values()) if (of?.peer === peer) asked++;
    for (const wanted of this.#wanted.values()) {
      for (const [index, of] of wanted.missing) {
        if (asked >= MOST_ASKED) return;
        if (of !== undefined) continue;
        wanted.missing.set(index, { peer, at: this.#options.clock.now() });
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
    if (request.base === 0) {
      this.#options.leaves.answer(peer, request, top);
      return;
    }
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
    if (request.base === 0) return this.#options.leaves.take(request, hashes);
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
  rejected(peer: Peer, payload: Uint8Array): void {
    const request = decodeHashRequest(payload);
    if (request?.base === 0) this.#options.leaves.rejected(request);
    else this.forget(peer);
  }

  /** The peer does not have what it was asked for, or is gone: others are asked. */
  forget(peer: Peer): void {
    if (this.isComplete) return;
    this.#useless.add(peer);
    for (const { missing } of this.#wanted.values()) {
      for (const [index, of] of missing) if (of?.peer === peer) missing.set(index, undefined);
    }
    for (const other of this.#options.peers) this.ask(other);
  }

  /** To be called about once in a second: silent peers are found. */
  tick(): void {
    const before = this.#options.clock.now() - PATIENCE_MS;
    const silent = new Set<Peer>();
    for (const { missing } of this.#wanted.values()) {
      for (const of of missing.values()) if (of && of.at < before) silent.add(of.peer);
    }
    for (const peer of silent) this.forget(peer);
  }

  #want(root: Uint8Array, length: number): void {
    const count = Math.ceil(length / this.#options.pieceLength);
    const missing: Wanted['missing'] = new Map();
    for (let index = 0; index < count; index += SPAN) missing.set(index, undefined);
    this.#wanted.set(toHex(root), { root, length, layer: new Uint8Array(count * 32), missing });
  }

  #requestFor({ root, length }: Wanted, index: number): HashRequest {
    const height = treeHeight(length, BLOCK_BYTES) - this.#base;
    const span = Math.min(SPAN, 2 ** height);
    // Up to the layer below the root.
    return { root, base: this.#base, index, length: span, proofLayers: span === 2 ** height ? 0 : height - 1 };
  }

  #complete({ root, layer }: Wanted): void {
    this.#wanted.delete(toHex(root));
    if (this.#options.hashes.addLayer(root, layer)) this.#options.onLayer(root);
  }

  #topOf(root: Uint8Array): TreeTop | undefined {
    const key = toHex(root);
    const known = this.#tops.get(key);
    if (known) return known;
    const layer = this.#options.hashes.layer(root);
    if (!layer) return undefined;
    const top = buildTreeTop(layer, this.#base);
    this.#tops.set(key, top);
    return top;
  }
}
