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
/** Requests are sent in bunches: a message each would cost a system call each, which wakes the other side. */
const BUNCH = 64;
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
  /** Bytes of a block have come. */
  readonly onReceived: (peer: Peer, bytes: number) => void;
  /** Gives back a piece that a source of ranges was to bring, and that the peer has; false: there is none. */
  readonly takeBack: (isUseful: (piece: number) => boolean) => boolean;
  /** Did this piece fail before? Then one peer alone brings it. */
  readonly hasFailed: (piece: number) => boolean;
}

interface State {
  readonly pending: PendingBlocks;
  /** Pieces that it will not send, though it has them; until it unchokes us the next time. */
  readonly refused: Set<number>;
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
    if (state.pending.size === blocks.length && !peer.isSnubbed) state.waitingSince = this.#options.clock.now();
    peer.sendRequests('request', blocks);
  }

  /** As `FrameHandler.block`. */
  block(peer: Peer, piece: number, begin: number, length: number): Uint8Array | undefined {
    const state = this.#stateOf(peer);
    const block = begin / BLOCK_BYTES;
    const active = this.#options.table.active.get(piece);
    const isWanted =
      active !== undefined &&
      state.pending.has(piece, block) &&
      active.blockLength(block) === length &&
      (!active.isExclusive || active.owner === peer);
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
    const { clock, table, onReceived } = this.#options;
    const block = begin / BLOCK_BYTES;
    const wasPending = state.pending.delete(piece, block);
    peer.received.add(length);
    peer.blockAt = clock.now();
    state.waitingSince = peer.blockAt;
    peer.isSnubbed = false;
    const taken = state.receiving;
    state.receiving = undefined;
    if (taken) this.landed(taken.active, block);
    else if (wasPending) table.active.get(piece)?.release(block);
    onReceived(peer, length);
    this.fill(peer);
  }

  /** All bytes of a block are in their place, whoever brought them. */
  landed(active: ActivePiece<object>, block: number): void {
    active.end(block);
    active.release(block);
    if (active.askedFor(block) > 0) this.#cancelOthers(active, block);
    if (active.isComplete) this.#options.table.finish(active);
  }

  /** The peer will not send this block. */
  rejected(peer: Peer, { piece, begin }: BlockRef): void {
    const block = begin / BLOCK_BYTES;
    const state = this.#stateOf(peer);
    if (!state.pending.delete(piece, block)) return;
    // It would be asked for the same again at once, and reject it again, for ever.
    state.refused.add(piece);
    if (state.current?.piece === piece) state.current = undefined;
    const active = this.#options.table.active.get(piece);
    active?.release(block);
    if (active?.owner === peer) this.#disown(active);
  }

  /** The peer sends again: what it refused before may be asked of it once more. */
  unchoked(peer: Peer): void {
    const state = this.#stateOf(peer);
    state.refused.clear();
    state.waitingSince = this.#options.clock.now();
    this.fill(peer);
  }

  /** It sends nothing of what it was asked for: it chokes us, is silent, or is gone. */
  release(peer: Peer): void {
    const state = this.#states.get(peer);
    if (!state) return;
    const { table } = this.#options;
    for (const { piece, block } of state.pending.drain()) table.active.get(piece)?.release(block);
    if (state.receiving) {
      // The rest of the block may yet come, when its buffer holds another piece.
      peer.dropBlock();
      state.receiving.active.abandon(state.receiving.block);
    }
    state.receiving = undefined;
    state.current = undefined;
    for (const active of table.active.values()) if (active.owner === peer) this.#disown(active);
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
      if (state.pending.size === 0) continue;
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
    const state: State = {
      pending,
      refused: new Set(),
      current: undefined,
      receiving: undefined,
      waitingSince: 0,
      unwanted: 0,
    };
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
      this.#urgentBlock(peer, state) ??
      freeBlock(state.current) ??
      this.#freeBlockOf(peer, (active) => active.owner === undefined, state) ??
      this.#newPiece(peer, state) ??
      this.#freeBlockOf(peer, () => true, state) ??
      this.#secondTry(peer, state)
    );
  }

  /** Of a piece that a reader waits for. */
  #urgentBlock(peer: Peer, state: State): { active: ActivePiece<object>; block: number } | undefined {
    const { table, picker, urgent } = this.#options;
    for (const piece of urgent()) {
      if (!peer.has(piece) || state.refused.has(piece)) continue;
      const active = table.active.get(piece) ?? (picker.isCandidate(piece) ? this.#begin(piece, peer) : undefined);
      const found = active && isUsable(active, peer, state) ? freeBlock(active) : undefined;
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
      if (active.freeBlocks === 0 || !isFine(active) || !isUsable(active, peer, state)) continue;
      active.owner ??= peer;
      if (active.owner === peer) state.current = active;
      return freeBlock(active);
    }
    return undefined;
  }

  #newPiece(peer: Peer, state: State): { active: ActivePiece<object>; block: number } | undefined {
    const { picker, table, takeBack } = this.#options;
    const { pieces } = peer;
    if (!pieces || !table.hasRoom) return undefined;
    const isOffered = (candidate: number): boolean => !state.refused.has(candidate);
    let piece = picker.pick(pieces, isOffered);
    if (piece === undefined && takeBack((other) => pieces.has(other) && isOffered(other))) {
      piece = picker.pick(pieces, isOffered);
    }
    if (piece === undefined) return undefined;
    state.current = this.#begin(piece, peer);
    return freeBlock(state.current);
  }

  /** Near the end: what others were asked for long enough ago, or are slow with. */
  #secondTry(peer: Peer, state: State): { active: ActivePiece<object>; block: number } | undefined {
    if (state.pending.size > FEWEST_REQUESTS) return undefined;
    for (const active of this.#options.table.active.values()) {
      if (!isUsable(active, peer, state)) continue;
      const block = active.leastAsked(MOST_ASKED, (index) => state.pending.has(active.piece, index));
      if (block !== undefined) return { active, block };
    }
    return undefined;
  }

  #begin(piece: number, peer: Peer): ActivePiece<object> | undefined {
    const active = this.#options.table.begin(piece, peer);
    if (active) active.isExclusive = this.#options.hasFailed(piece);
    return active;
  }

  /** Its owner does not bring it to its end. */
  #disown(active: ActivePiece<object>): void {
    active.owner = undefined;
    // Whoever sent the rest of it would not be the only one.
    if (active.isExclusive) this.#options.table.drop(active);
  }

  /** Whoever was asked for it too need not send it. */
  #cancelOthers(active: ActivePiece<object>, block: number): void {
    const ref = { piece: active.piece, begin: block * BLOCK_BYTES, length: active.blockLength(block) };
    for (const [peer, state] of this.#states) {
      if (!state.pending.delete(active.piece, block)) continue;
      active.release(block);
      peer.sendRequests('cancel', [ref]);
    }
  }
}

function isUsable(active: ActivePiece<object>, peer: Peer, { refused }: State): boolean {
  return peer.has(active.piece) && !refused.has(active.piece) && (!active.isExclusive || active.owner === peer);
}

function freeBlock(
  active: ActivePiece<object> | undefined,
): { active: ActivePiece<object>; block: number } | undefined {
  const block = active?.nextFree();
  return active && block !== undefined ? { active, block } : undefined;
}
