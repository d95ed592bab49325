import type { Bitfield } from '../base/bitfield.ts';
import type { PieceMap } from './piece-map.ts';

/** How many bytes of each file of a torrent are verified and stored. */
export class FileProgress {
  readonly #map: PieceMap;
  readonly #bytes: Float64Array;
  #total = 0;

  constructor(map: PieceMap, have: Bitfield) {
    this.#map = map;
    this.#bytes = new Float64Array(map.files.length);
    for (let piece = 0; piece < map.pieceCount; piece++) if (have.has(piece)) this.stored(piece);
  }

  /** Of all files. */
  get total(): number {
    return this.#total;
  }

  bytesOf(file: number): number {
    return this.#bytes[file] ?? 0;
  }

  isComplete(file: number): boolean {
    return this.bytesOf(file) === this.#map.files[file]?.length;
  }

  /** Notes a piece that is new. Returns the files that are complete by it. */
  stored(piece: number): number[] {
    const slices = this.#map.slices(piece);
    for (const { file, length } of slices) {
      this.#bytes[file] = this.bytesOf(file) + length;
      this.#total += length;
    }
    return slices.map(({ file }) => file).filter((file) => this.isComplete(file));
  }
}
