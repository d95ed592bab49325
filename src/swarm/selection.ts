import type { Bitfield } from '../base/bitfield.ts';
import type { Picker } from './picker.ts';
import type { PieceMap } from './piece-map.ts';

/** Which files of a torrent are wanted, how soon, and how much of it is missing. */
export class Selection {
  readonly #map: PieceMap;
  readonly #picker: Picker;
  readonly #have: Bitfield;
  /** Priority of each file: 0 is not wanted. */
  readonly #files: Uint8Array;
  #missing = 0;

  constructor(map: PieceMap, picker: Picker, have: Bitfield) {
    this.#map = map;
    this.#picker = picker;
    this.#have = have;
    this.#files = new Uint8Array(map.files.length).fill(1);
    this.#missing = map.pieceCount - have.count;
  }

  /** How many pieces are wanted and not here. */
  get missing(): number {
    return this.#missing;
  }

  /** Bytes of the files that are wanted. */
  get length(): number {
    return this.#map.files.reduce(
      (sum, { length, isPad }, file) => (isPad || !this.isWanted(file) ? sum : sum + length),
      0,
    );
  }

  /** Is no file wanted? Then only readers fetch anything. */
  get isEmpty(): boolean {
    return this.#files.every((priority) => priority === 0);
  }

  isWanted(file: number): boolean {
    return (this.#files[file] ?? 0) > 0;
  }

  /** Sets the priority of each file: 0 is not wanted, of others the higher comes first. A piece of several files is wanted as much as the most wanted of them. */
  set(priorityOf: (file: number) => number): void {
    const pieces = new Uint8Array(this.#map.pieceCount);
    for (const [file, { length, isPad }] of this.#map.files.entries()) {
      const priority = Math.min(255, Math.max(0, priorityOf(file)));
      this.#files[file] = priority;
      if (length === 0 || isPad) continue;
      const { first, end } = this.#map.piecesOf(file);
      for (let piece = first; piece < end; piece++) pieces[piece] = Math.max(pieces[piece] ?? 0, priority);
    }
    this.#missing = 0;
    for (const [piece, priority] of pieces.entries()) {
      this.#picker.setPriority(piece, priority);
      if (priority > 0 && !this.#have.has(piece)) this.#missing++;
    }
  }

  /** A reader needs a piece, wanted or not. Returns whether it was not. */
  want(piece: number): boolean {
    if (this.#picker.priority(piece) > 0 || this.#have.has(piece)) return false;
    this.#picker.setPriority(piece, 1);
    this.#missing++;
    return true;
  }

  /** A piece has come. Returns whether it was the last that was missing. */
  stored(piece: number): boolean {
    if (this.#picker.priority(piece) === 0) return false;
    this.#missing--;
    return this.#missing === 0;
  }
}
