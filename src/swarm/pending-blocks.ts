import { BLOCK_BYTES } from '../wire/messages.ts';

/** The blocks that one peer was asked for and has not sent yet. */
export class PendingBlocks {
  readonly #blocksPerPiece: number;
  readonly #keys = new Set<number>();

  constructor(pieceLength: number) {
    this.#blocksPerPiece = Math.ceil(pieceLength / BLOCK_BYTES);
  }

  get size(): number {
    return this.#keys.size;
  }

  has(piece: number, block: number): boolean {
    return this.#keys.has(piece * this.#blocksPerPiece + block);
  }

  add(piece: number, block: number): void {
    this.#keys.add(piece * this.#blocksPerPiece + block);
  }

  /** Returns whether it was there. */
  delete(piece: number, block: number): boolean {
    return this.#keys.delete(piece * this.#blocksPerPiece + block);
  }

  /** Takes all of them out, the oldest first. */
  *drain(): IterableIterator<{ readonly piece: number; readonly block: number }> {
    const keys = [...this.#keys];
    this.#keys.clear();
    for (const key of keys) {
      const piece = Math.floor(key / this.#blocksPerPiece);
      yield { piece, block: key - piece * this.#blocksPerPiece };
    }
  }
}
