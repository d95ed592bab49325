import type { Torrent, TorrentFile } from '../metainfo/torrent.ts';
import { BLOCK_BYTES } from '../wire/messages.ts';

/** Bytes of a piece that are in one file. What of a piece is in no slice is pad: zeros. */
export interface Slice {
  /** Its place in the torrent's files. */
  readonly file: number;
  /** In the file. */
  readonly position: number;
  /** In the piece. */
  readonly begin: number;
  readonly length: number;
}

/** Where the pieces of a torrent are in its files. */
export class PieceMap {
  readonly pieceLength: number;
  readonly pieceCount: number;
  /** Bytes of all files, pads not counted. */
  readonly length: number;
  readonly files: readonly TorrentFile[];
  /** The files that have bytes, in order, by their places in `files`. */
  readonly #solid: readonly number[];
  readonly #end: number;
  readonly #endsWithFiles: boolean;

  constructor({ files, pieceLength, length, version }: Torrent) {
    this.files = files;
    this.pieceLength = pieceLength;
    this.length = length;
    const last = files.at(-1);
    this.#end = last ? last.offset + last.length : 0;
    this.pieceCount = Math.ceil(this.#end / pieceLength);
    this.#endsWithFiles = version === 'v2';
    this.#solid = files.flatMap(({ length: bytes, isPad }, index) => (bytes > 0 && !isPad ? [index] : []));
  }

  /** Bytes of a piece: its pads too, but nothing behind the end of a file where each file ends its piece (v2). */
  size(piece: number): number {
    const start = piece * this.pieceLength;
    const end = this.#endsWithFiles ? this.#fileEnd(start) : this.#end;
    return Math.min(this.pieceLength, end - start);
  }

  /**
   * How far a request that begins at `begin` may reach. libtorrent thinks of v2 pieces as filled up with zeros, too, and asks for whole blocks
   * where the file ends (measured with 2.0.8).
   */
  sizeAsked(piece: number, begin: number): number {
    const size = this.size(piece);
    return this.#endsWithFiles && begin < size ? this.pieceLength : size;
  }

  /** Blocks of 16 KiB, the last one as short as it is. */
  blockCount(piece: number): number {
    return Math.ceil(this.size(piece) / BLOCK_BYTES);
  }

  /** The slices of a part of a piece. */
  slices(piece: number, begin = 0, length: number = this.size(piece) - begin): Slice[] {
    const start = piece * this.pieceLength + begin;
    const end = start + length;
    const slices: Slice[] = [];
    for (let index = this.#firstEndingAfter(start); index < this.#solid.length; index++) {
      const file = this.#solid[index] ?? 0;
      const { offset, length: bytes } = this.#file(file);
      if (offset >= end) break;
      const from = Math.max(start, offset);
      slices.push({
        file,
        position: from - offset,
        begin: from - start + begin,
        length: Math.min(end, offset + bytes) - from,
      });
    }
    return slices;
  }

  /** The pieces that have bytes `[start, end)` of a file: the first, and the one behind the last. */
  piecesOf(
    file: number,
    start = 0,
    end: number = this.#file(file).length,
  ): { readonly first: number; readonly end: number } {
    const { offset } = this.#file(file);
    const first = Math.floor((offset + start) / this.pieceLength);
    return { first, end: end > start ? Math.ceil((offset + end) / this.pieceLength) : first };
  }

  /** Where a byte of a file is. */
  locate(file: number, position: number): { readonly piece: number; readonly begin: number } {
    const at = this.#file(file).offset + position;
    const piece = Math.floor(at / this.pieceLength);
    return { piece, begin: at - piece * this.pieceLength };
  }

  #file(index: number): TorrentFile {
    const file = this.files[index];
    if (!file) throw new RangeError(`There is no file ${index}`);
    return file;
  }

  #fileEnd(position: number): number {
    const { offset, length } = this.#file(this.#solid[this.#firstEndingAfter(position)] ?? 0);
    return offset + length;
  }

  /** In `#solid`. */
  #firstEndingAfter(position: number): number {
    let low = 0;
    let high = this.#solid.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { offset, length } = this.#file(this.#solid[middle] ?? 0);
      if (offset + length > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
