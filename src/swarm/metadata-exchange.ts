import { platform } from '#platform';
import { sameBytes } from '../base/same-bytes.ts';
import type { Clock } from '../contracts/clock.ts';
import { decodeMetadataMessage, encodeMetadataMessage, METADATA_PIECE_BYTES } from '../wire/metadata-message.ts';
import type { TorrentNames } from './create-peer.ts';
import { METADATA_EXTENSION } from './extensions.ts';
import type { Peer } from './peer.ts';

/** Peers that are asked at the same time. Each may cost 31 MB, which is what it says the metadata has. */
const MOST_ASKED = 4;
/** A peer that has sent nothing for so long makes room for another. */
const PATIENCE_MS = 10_000;

interface Attempt {
  readonly bytes: Uint8Array;
  readonly missing: Set<number>;
  /** When something came, or was asked for. */
  at: number;
}

/** Downloads the info dictionary of a magnet link (BEP 9). Each peer is asked for all of it by itself, so that it is clear who lies. */
export class MetadataDownload {
  readonly #names: TorrentNames;
  readonly #clock: Clock;
  readonly #tries = new Map<Peer, Attempt>();
  /** Those that reject, or are silent. */
  readonly #useless = new WeakSet<Peer>();
  readonly #onInfo: (info: Uint8Array) => void;
  #isDone = false;

  /** `onInfo` is called once, with bytes that have the right hash. */
  constructor(names: TorrentNames, clock: Clock, onInfo: (info: Uint8Array) => void) {
    this.#names = names;
    this.#clock = clock;
    this.#onInfo = onInfo;
  }

  /** Asks a peer that has said how large the metadata is. */
  ask(peer: Peer): void {
    const size = peer.extensions?.metadataSize;
    const isUseless = size === undefined || this.#useless.has(peer) || this.#tries.has(peer);
    if (this.#isDone || isUseless || this.#tries.size >= MOST_ASKED) return;
    const count = Math.ceil(size / METADATA_PIECE_BYTES);
    const missing = new Set(Array.from({ length: count }, (_, piece) => piece));
    this.#tries.set(peer, { bytes: new Uint8Array(size), missing, at: this.#clock.now() });
    for (const piece of missing)
      peer.sendExtended(METADATA_EXTENSION, encodeMetadataMessage({ kind: 'request', piece }));
  }

  /** Takes a message of a peer. Returns false when the peer lies. */
  take(peer: Peer, payload: Uint8Array): boolean {
    const message = decodeMetadataMessage(payload);
    const attempt = this.#tries.get(peer);
    if (!message || !attempt || this.#isDone) return true;
    if (message.kind === 'reject') this.#giveUp(peer);
    if (message.kind !== 'data') return true;
    attempt.at = this.#clock.now();
    const start = message.piece * METADATA_PIECE_BYTES;
    const expected = Math.min(METADATA_PIECE_BYTES, attempt.bytes.length - start);
    if (message.bytes.length !== expected) return false;
    if (!attempt.missing.delete(message.piece)) return true;
    attempt.bytes.set(message.bytes, start);
    if (attempt.missing.size > 0) return true;
    if (!this.#isRight(attempt.bytes)) return false;
    this.#isDone = true;
    this.#onInfo(attempt.bytes);
    return true;
  }

  /** The peer is gone. */
  forget(peer: Peer): void {
    this.#tries.delete(peer);
  }

  /** To be called about once in a second: silent peers make room for others. */
  tick(): void {
    const before = this.#clock.now() - PATIENCE_MS;
    for (const [peer, { at }] of this.#tries) if (at < before) this.#giveUp(peer);
  }

  #giveUp(peer: Peer): void {
    this.#useless.add(peer);
    this.#tries.delete(peer);
  }

  #isRight(info: Uint8Array): boolean {
    const { infoHash, infoHashV2 } = this.#names;
    return (
      (!infoHash || sameBytes(platform.digest('SHA-1', info), infoHash)) &&
      (!infoHashV2 || sameBytes(platform.digest('SHA-256', info), infoHashV2))
    );
  }
}

/** Answers a peer that asks for metadata. */
export function answerMetadataRequest(peer: Peer, payload: Uint8Array, info: Uint8Array | undefined): void {
  const message = decodeMetadataMessage(payload);
  if (message?.kind !== 'request') return;
  const { piece } = message;
  const start = piece * METADATA_PIECE_BYTES;
  const bytes = info?.subarray(start, start + METADATA_PIECE_BYTES) ?? new Uint8Array(0);
  peer.sendExtended(
    METADATA_EXTENSION,
    encodeMetadataMessage(
      bytes.length > 0 ? { kind: 'data', piece, totalSize: info?.length ?? 0, bytes } : { kind: 'reject', piece },
    ),
  );
}
