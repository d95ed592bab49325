import type { Clock } from '../contracts/clock.ts';
import { BLOCK_BYTES, type BlockRef } from '../wire/messages.ts';
import type { ActivePiece } from './active-piece.ts';
import type { Peer } from './peer.ts';
import { PendingBlocks } from './pending-blocks.ts';
import type { Picker } from './picker.ts';
import type { PieceTable } from './piece-table.ts';

/** A peer has as many requests under way as it answers in this time, so that it is never idle for want of one. */
const QUEUE_SECONDS = 3;
const FEWEST_REQUESTS = 16;
/** 8 MiB: more than that only fills memory. */
const MOST_REQUESTS = 500;
/** Requests are sent in bunches: a message each would cost a system call each. */
const BUNCH = 16;
/** Near the end, blocks that somebody else was asked for are asked for once more. */
const MOST_ASKED = 2;
/** A peer that sent nothing for this long, though it was asked: its blocks are asked of others. */
const SNUB_MS = 20_000;
/** And then it is left. */
const GIVE_UP_MS = 60_000;
/** Bytes that nobody asked for, beyond those of late answers. */
const MOST_UNWANTED = 16 * 1024 * 1024;

export interface RequestsOptions {
  readonly pieceLength: number;
  readonly table: PieceTable<object>;
  readonly picker: Picker;
  readonly clock: Clock;
  /** Pieces that readers wait for, the most urgent first. */
  readonly urgent: () => Iterable<number>;
  /** Did this piece fail before? Then one peer alone brings it. Returns who must not. */
  readonly suspects: (piece: number) => ReadonlySet<object> | undefined;
}

interface State {
  readonly pending: PendingBlocks;
  current: ActivePiece<object> | undefined;
  /** The block whose bytes are coming. */
  receiving: { readonly active: ActivePiece<object>; readonly block: number } | undefined;
  /** Since when it owes us something. */
  waitingSince: number;
  unwanted: number;
}

/** Asks peers for blocks, and takes in what they send. */
export class Requests {
  readonly #options: RequestsOptions;
  readonly #states = new Map<Peer, State>();

  constructor(options: RequestsOptions) {
    this.#options = options;
  }

  /** Asks a peer for as much as it can take, if it lets us. */
  fill(peer: Peer): void {
    if (peer.isChoking || !peer.amInterested || peer.isClosed) return;
    const state = this.#stateOf(peer);
    const wanted = this.#queueLength(peer) - state.pending.size;
    if (wanted < Math.min(BUNCH, state.pending.size)) return;
    const blocks: BlockRef[] = [];
    while (blocks.length < wanted) {
      const next = this.#next(peer, state);
      if (!next) break;
      const { active, block } = next;
      active.ask(block);
      state.pending.add(active.piece, block);
      blocks.push({ piece: active.piece, begin: block * BLOCK_BYTES, length: active.blockLength(block) });
    }
    if (blocks.length === 0) return;
    if (state.pending.size === blocks.length) state.waitingSince = this.#options.clock.now();
    peer.sendRequests('request', blocks);
  }

  /** As `FrameHandler.block`. */
  block(peer: Peer, piece: number, begin: number, length: number): Uint8Array | undefined {
    const state = this.#stateOf(peer);
    const block = begin / BLOCK_BYTES;
    const active = this.#options.table.active.get(piece);
    const isWanted = active !== undefined && state.pending.has(piece, block) && active.blockLength(block) === length;
    const target = isWanted ? active.begin(block, peer) : undefined;
    state.receiving = active && target && { active, block };
    if (!target) {
      state.unwanted += length;
      if (state.unwanted > MOST_UNWANTED + peer.received.total) peer.close('it sends what nobody asked for');
    }
    return target;
  }

  /** As `FrameHandler.blockDone`. */
  blockDone(peer: Peer, piece: number, begin: number, length: number): void {
    const state = this.#stateOf(peer);
    const { clock, table } = this.#options;
    const block = begin / BLOCK_BYTES;
    const wasPending = state.pending.delete(piece, block);
    peer.received.add(length);
    peer.blockAt = clock.now();
    state.waitingSince = peer.blockAt;
    peer.isSnubbed = false;
    const taken = state.receiving;
    state.receiving = undefined;
    if (taken) {
      const { active } = taken;
      active.end(block);
      active.release(block);
      if (active.askedFor(block) > 0) this.#cancelOthers(peer, active, block);
      if (active.isComplete) {
        if (state.current === active) state.current = undefined;
        table.finish(active);
      }
    } else if (wasPending) table.active.get(piece)?.release(block);
    this.fill(peer);
  }

  /** The peer will not send this block. */
  rejected(peer: Peer, { piece, begin }: BlockRef): void {
    const block = begin / BLOCK_BYTES;
    if (!this.#stateOf(peer).pending.delete(piece, block)) return;
    this.#options.table.active.get(piece)?.release(block);
  }

  /** It sends nothing of what it was asked for: it chokes us, is silent, or is gone. */
  release(peer: Peer): void {
    const state = this.#states.get(peer);
    if (!state) return;
    const { table } = this.#options;
    for (const { piece, block } of state.pending.drain()) table.active.get(piece)?.release(block);
    if (state.receiving) state.receiving.active.abandon(state.receiving.block);
    state.receiving = undefined;
    state.current = undefined;
    for (const active of table.active.values()) {
      if (active.owner !== peer) continue;
      active.owner = undefined;
      // Whoever sent the rest of it is not the only one now.
      if (active.isExclusive) table.drop(active);
    }
  }

  /** The peer is gone. */
  forget(peer: Peer): void {
    this.release(peer);
    this.#states.delete(peer);
  }

  /** How many blocks it was asked for. */
  pendingOf(peer: Peer): number {
    return this.#states.get(peer)?.pending.size ?? 0;
  }

  /** To be called about once in a second: peers that do not send are found. */
  tick(): void {
    const now = this.#options.clock.now();
    for (const [peer, state] of this.#states) {
      if (state.pending.size === 0 && !peer.isSnubbed) continue;
      const silence = now - state.waitingSince;
      if (silence > GIVE_UP_MS) peer.close('it did not send what it was asked for');
      else if (silence > SNUB_MS && !peer.isSnubbed) {
        peer.isSnubbed = true;
        this.release(peer);
      }
    }
  }

  #stateOf(peer: Peer): State {
    const known = this.#states.get(peer);
    if (known) return known;
    const pending = new PendingBlocks(this.#options.pieceLength);
    const state: State = { pending, current: undefined, receiving: undefined, waitingSince: 0, unwanted: 0 };
    this.#states.set(peer, state);
    return state;
  }

  #queueLength(peer: Peer): number {
    if (peer.isSnubbed) return 1;
    const inTime = Math.ceil((peer.received.perSecond * QUEUE_SECONDS) / BLOCK_BYTES);
    return Math.min(MOST_REQUESTS, peer.mostRequests, Math.max(FEWEST_REQUESTS, inTime));
  }

  #next(peer: Peer, state: State): { active: ActivePiece<object>; block: number } | undefined {
    return (
      this.#urgentBlock(peer) ??
      freeBlock(state.current) ??
      this.#freeBlockOf(peer, (active) => active.owner === undefined, state) ??
      this.#newPiece(peer, state) ??
      this.#freeBlockOf(peer, () => true, state) ??
      this.#secondTry(peer, state)
    );
  }

  /** Of a piece that a reader waits for. */
  #urgentBlock(peer: Peer): { active: ActivePiece<object>; block: number } | undefined {
    const { table, picker, urgent } = this.#options;
    for (const piece of urgent()) {
      if (!peer.has(piece)) continue;
      const active = table.active.get(piece) ?? (picker.isCandidate(piece) ? this.#begin(piece, peer) : undefined);
      const found = active && this.#isUsable(active, peer) ? freeBlock(active) : undefined;
      if (found) return found;
    }
    return undefined;
  }

  #freeBlockOf(
    peer: Peer,
    isFine: (active: ActivePiece<object>) => boolean,
    state: State,
  ): { active: ActivePiece<object>; block: number } | undefined {
    for (const active of this.#options.table.active.values()) {
      if (active.freeBlocks === 0 || !isFine(active) || !this.#isUsable(active, peer)) continue;
      active.owner ??= peer;
      if (active.owner === peer) state.current = active;
      return freeBlock(active);
    }
    return undefined;
  }

  #newPiece(peer: Peer, state: State): { active: ActivePiece<object>; block: number } | undefined {
    const { picker, table, suspects } = this.#options;
    if (!peer.pieces || !table.hasRoom || picker.candidates === 0) return undefined;
    const piece = picker.pick(peer.pieces, (candidate) => !suspects(candidate)?.has(peer));
    if (piece === undefined) return undefined;
    state.current = this.#begin(piece, peer);
    return freeBlock(state.current);
  }

  /** Near the end: what others were asked for long enough ago, or are slow with. */
  #secondTry(peer: Peer, state: State): { active: ActivePiece<object>; block: number } | undefined {
    if (state.pending.size > FEWEST_REQUESTS) return undefined;
    for (const active of this.#options.table.active.values()) {
      if (!this.#isUsable(active, peer)) continue;
      const block = active.leastAsked(MOST_ASKED, (index) => state.pending.has(active.piece, index));
      if (block !== undefined) return { active, block };
    }
    return undefined;
  }

  #begin(piece: number, peer: Peer): ActivePiece<object> | undefined {
    const failed = this.#options.suspects(piece);
    if (failed?.has(peer)) return undefined;
    const active = this.#options.table.begin(piece, peer);
    if (active && failed) active.isExclusive = true;
    return active;
  }

  #isUsable(active: ActivePiece<object>, peer: Peer): boolean {
    return peer.has(active.piece) && (!active.isExclusive || active.owner === peer);
  }

  #cancelOthers(sender: Peer, active: ActivePiece<object>, block: number): void {
    const ref = { piece: active.piece, begin: block * BLOCK_BYTES, length: active.blockLength(block) };
    for (const [peer, state] of this.#states) {
      if (peer === sender || !state.pending.delete(active.piece, block)) continue;
      active.release(block);
      peer.sendRequests('cancel', [ref]);
    }
  }
}

function freeBlock(
  active: ActivePiece<object> | undefined,
): { active: ActivePiece<object>; block: number } | undefined {
  const block = active?.nextFree();
  return active && block !== undefined ? { active, block } : undefined;
}
