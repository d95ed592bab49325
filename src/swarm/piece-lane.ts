import type { Clock } from '../contracts/clock.ts';
import type { RangeSource } from '../contracts/range-source.ts';
import { SwarmError } from '../errors.ts';
import { BLOCK_BYTES } from '../wire/messages.ts';
import type { ActivePiece } from './active-piece.ts';
import type { PieceMap } from './piece-map.ts';
import type { PieceTable } from './piece-table.ts';
import { SpanStream } from './span-stream.ts';

const ZEROS = new Uint8Array(BLOCK_BYTES);

export interface PieceLaneOptions {
  readonly map: PieceMap;
  readonly table: PieceTable<object>;
  readonly clock: Clock;
  /** Who answers for the bytes: the source, so that several of its lanes are one sender. */
  readonly sender: object;
  readonly sourceOf: (file: number) => RangeSource | undefined;
  /** Pieces `[first, end)`, which nobody else begins. */
  readonly first: number;
  readonly end: number;
  /** Must one sender alone bring this piece? */
  readonly isExclusive: (piece: number) => boolean;
  /** Bytes have come. Waits while a limit asks for it. */
  readonly onBytes: (bytes: number, signal: AbortSignal) => Promise<void>;
  /** A block is in its place. */
  readonly onBlock: (active: ActivePiece<object>, block: number) => void;
  /** Resolves when a buffer may be free. */
  readonly waitForRoom: (signal: AbortSignal) => Promise<void>;
}

/**
 * A run of pieces on its way from a source of ranges: few long requests, each over as many pieces as follow one another in a file. Peers may
 * help with the piece that is coming, and pieces at the end of the run may be taken away.
 */
export class PieceLane {
  /** When bytes last came. */
  progressAt: number;
  /** Bytes that came. */
  received = 0;
  readonly startedAt: number;
  /** Is it waiting for something on our side: a rate limit, a free buffer? */
  isHeldBack = false;
  readonly #options: PieceLaneOptions;
  readonly #stop = new AbortController();
  readonly #stream: SpanStream;
  #next: number;
  #end: number;
  #active: ActivePiece<object> | undefined;
  /** Where the bytes of the block go that is coming; undefined: somebody else has brought it. */
  #target: Uint8Array | undefined;
  #block = 0;

  constructor(options: PieceLaneOptions) {
    this.#options = options;
    this.#next = options.first;
    this.#end = options.end;
    this.startedAt = options.clock.now();
    this.progressAt = this.startedAt;
    this.#stream = new SpanStream(options.sourceOf, this.#stop.signal);
  }

  /** The first piece of the run that is not begun. */
  get next(): number {
    return this.#next;
  }

  /** The piece behind the run. */
  get end(): number {
    return this.#end;
  }

  /** The file that is being read; -1 in the beginning. */
  get file(): number {
    return this.#stream.file;
  }

  /** Leaves the pieces from `piece` on to others. */
  cut(piece: number): void {
    this.#end = Math.max(this.#next, piece);
  }

  stop(reason: string): void {
    this.#stop.abort(new SwarmError('CLOSED', reason));
  }

  /** Reads to the end. Rejects with what the source said; what came before stays. */
  async run(): Promise<void> {
    try {
      while (this.#next < this.#end) await this.#bring(this.#next);
    } finally {
      this.#leave();
      await this.#stream.close();
    }
  }

  async #bring(piece: number): Promise<void> {
    const { map, onBytes } = this.#options;
    const active = await this.#begin(piece);
    if (!active) return;
    let filled = 0;
    for (const { file, position, begin, length } of map.slices(piece)) {
      this.#writeZeros(active, filled, begin);
      filled = begin;
      for await (const bytes of this.#stream.read(file, position, position + length, this.#spanEnd(file))) {
        await this.#holdBack(() => onBytes(bytes.length, this.#stop.signal));
        this.received += bytes.length;
        this.#write(active, filled, bytes);
        filled += bytes.length;
      }
    }
    this.#writeZeros(active, filled, map.size(piece));
    // Somebody else may have begun a block and not ended it.
    if (!active.isComplete) this.#leave();
    this.#active = undefined;
  }

  /** How far into a file the run goes. */
  #spanEnd(file: number): number {
    const { map } = this.#options;
    const { offset, length } = map.files[file] ?? { offset: 0, length: 0 };
    return Math.min(length, this.#end * map.pieceLength - offset);
  }

  /** Undefined when the piece was taken away while there was no room for it. */
  async #begin(piece: number): Promise<ActivePiece<object> | undefined> {
    const { table, waitForRoom, isExclusive } = this.#options;
    while (!table.hasRoom) await this.#holdBack(() => waitForRoom(this.#stop.signal));
    this.#stop.signal.throwIfAborted();
    if (piece >= this.#end) return undefined;
    const active = table.begin(piece, this);
    if (!active) return undefined;
    this.#next = piece + 1;
    this.#active = active;
    active.isExclusive = isExclusive(piece);
    for (let block = 0; block < active.blockCount; block++) active.ask(block);
    return active;
  }

  async #holdBack(wait: () => Promise<void>): Promise<void> {
    this.isHeldBack = true;
    await wait();
    this.isHeldBack = false;
    this.progressAt = this.#options.clock.now();
  }

  #writeZeros(active: ActivePiece<object>, from: number, to: number): void {
    for (let at = from; at < to; at += BLOCK_BYTES) this.#write(active, at, ZEROS.subarray(0, to - at));
  }

  #write(active: ActivePiece<object>, start: number, bytes: Uint8Array): void {
    const { sender, onBlock } = this.#options;
    for (let done = 0; done < bytes.length; ) {
      const block = Math.floor((start + done) / BLOCK_BYTES);
      const offset = start + done - block * BLOCK_BYTES;
      if (offset === 0) this.#target = active.begin(block, sender);
      this.#block = block;
      const part = bytes.subarray(done, done + active.blockLength(block) - offset);
      this.#target?.set(part, offset);
      done += part.length;
      if (offset + part.length < active.blockLength(block)) return;
      const isOurs = this.#target !== undefined;
      this.#target = undefined;
      if (isOurs) onBlock(active, block);
    }
  }

  /** The piece that was coming is left to others. */
  #leave(): void {
    const active = this.#active;
    if (!active) return;
    this.#active = undefined;
    if (this.#target) active.abandon(this.#block);
    for (let block = 0; block < active.blockCount; block++) active.release(block);
    active.owner = undefined;
    if (active.isExclusive) this.#options.table.drop(active);
  }
}
