import type { Bitfield } from '../base/bitfield.ts';
import { leaveOnAbort } from '../base/leave-on-abort.ts';
import type { PieceMap } from './piece-map.ts';

/** Bytes ahead of each reader that come before everything else. */
const READ_AHEAD = 16 * 1024 * 1024;
const FEWEST_AHEAD = 2;

/** Somebody who reads bytes of a file, one after the other. */
export interface ReaderWindow {
  /** The reader has come to `position`. */
  move(position: number): void;
  /** Waits for the piece with the byte at `position`. Rejects with `signal.reason`, or why no more pieces come. */
  wait(position: number, signal: AbortSignal | undefined): Promise<void>;
  close(): void;
}

interface Window {
  readonly file: number;
  readonly end: number;
  position: number;
}

/** Those who read from a torrent that is still being downloaded: what they wait for is fetched first. */
export class Readers {
  readonly #map: PieceMap;
  readonly #have: Bitfield;
  readonly #onMove: () => void;
  readonly #windows = new Set<Window>();
  readonly #waiting = new Map<number, PromiseWithResolvers<void>>();
  #failure: unknown;

  /** `onMove`: other pieces have become urgent. */
  constructor(map: PieceMap, have: Bitfield, onMove: () => void) {
    this.#map = map;
    this.#have = have;
    this.#onMove = onMove;
  }

  /** Begins to read bytes `[start, end)` of a file. */
  open(file: number, start: number, end: number): ReaderWindow {
    const window: Window = { file, end, position: start };
    // The newest comes first: a seek replaces what was read before.
    const others = [...this.#windows];
    this.#windows.clear();
    for (const each of [window, ...others]) this.#windows.add(each);
    this.#onMove();
    return {
      move: (position) => {
        window.position = position;
      },
      wait: (position, signal) => this.#wait(window, position, signal),
      close: () => void this.#windows.delete(window),
    };
  }

  /** Pieces that are waited for and not here: of each reader in turn, nearest first. */
  *urgent(): IterableIterator<number> {
    if (this.#windows.size === 0) return;
    const runs = [...this.#windows].map((window) => this.#ahead(window));
    for (let step = 0, isMore = true; isMore; step++) {
      isMore = false;
      for (const { first, end } of runs) {
        if (first + step >= end) continue;
        isMore = true;
        if (!this.#have.has(first + step)) yield first + step;
      }
    }
  }

  /** A piece is here. */
  stored(piece: number): void {
    this.#waiting.get(piece)?.resolve();
    this.#waiting.delete(piece);
  }

  /** No more pieces will come. */
  fail(reason: unknown): void {
    this.#failure = reason;
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
  }

  #ahead({ file, position, end }: Window): { readonly first: number; readonly end: number } {
    const run = this.#map.piecesOf(file, position, Math.min(end, position + READ_AHEAD));
    const least = this.#map.piecesOf(file, position, end);
    return { first: run.first, end: Math.min(least.end, Math.max(run.end, run.first + FEWEST_AHEAD)) };
  }

  async #wait(window: Window, position: number, signal: AbortSignal | undefined): Promise<void> {
    const { piece } = this.#map.locate(window.file, position);
    signal?.throwIfAborted();
    if (this.#have.has(piece)) return;
    if (this.#failure) throw this.#failure;
    window.position = position;
    const waiter = this.#waiting.get(piece) ?? Promise.withResolvers<void>();
    this.#waiting.set(piece, waiter);
    waiter.promise.catch(() => {});
    this.#onMove();
    await leaveOnAbort(waiter.promise, signal);
  }
}
