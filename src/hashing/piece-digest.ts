import { createHash, type Hash } from 'node:crypto';
import type { PieceHashes } from '../contracts/piece-hashes.ts';

const ZEROS = new Uint8Array(256 * 1024);

/** SHA-1 of the pieces of a run of bytes that begins at a piece boundary. */
export class PieceDigest {
  readonly #pieceLength: number;
  readonly #digests: string[] = [];
  #piece: Hash | undefined;
  #filled = 0;

  /** `pieceLength`: bytes. */
  constructor(pieceLength: number) {
    this.#pieceLength = pieceLength;
  }

  update(bytes: Uint8Array): void {
    let position = 0;
    while (position < bytes.length) {
      const part = bytes.subarray(position, position + this.#pieceLength - this.#filled);
      position += part.length;
      this.#piece ??= createHash('sha1');
      this.#piece.update(part);
      this.#filled += part.length;
      if (this.#filled === this.#pieceLength) this.#close(this.#piece);
    }
  }

  /** Once, at the end. */
  finish(): PieceHashes {
    let paddedLast = '';
    if (this.#piece) {
      const padded = this.#piece.copy();
      for (let rest = this.#pieceLength - this.#filled; rest > 0; rest -= ZEROS.length) {
        padded.update(rest < ZEROS.length ? ZEROS.subarray(0, rest) : ZEROS);
      }
      paddedLast = padded.digest('binary');
      this.#close(this.#piece);
    }
    return {
      pieceLength: this.#pieceLength,
      pieces: bytesOf(this.#digests.join('')),
      paddedLast: bytesOf(paddedLast),
    };
  }

  #close(piece: Hash): void {
    this.#digests.push(piece.digest('binary'));
    this.#piece = undefined;
    this.#filled = 0;
  }
}

/** Bytes of their own: pooled ones could not be handed to another thread. */
function bytesOf(latin1: string): Uint8Array {
  return Uint8Array.from(Buffer.from(latin1, 'latin1'));
}
