import type { FileHasher } from '../contracts/hasher.ts';

/** Below this, a trip to the worker costs more than the hashing. */
const SHORTEST_STEP = 1024 * 1024;
/** One step keeps a worker busy for some 20 ms, so that many fills share it fairly. */
const LONGEST_STEP = 32 * 1024 * 1024;

/** Hashes a file in order, as far as its bytes are there without a gap. */
export class Frontier {
  readonly #hasher: FileHasher;
  readonly #size: number;
  readonly #heldEnd: (position: number) => number;
  readonly #onAdvance: () => void;
  readonly #onFailure: (error: unknown) => void;
  #busy = false;

  constructor(options: {
    readonly hasher: FileHasher;
    readonly size: number;
    /** The end of the run of held bytes that begins at a position. */
    readonly heldEnd: (position: number) => number;
    readonly onAdvance: () => void;
    readonly onFailure: (error: unknown) => void;
  }) {
    this.#hasher = options.hasher;
    this.#size = options.size;
    this.#heldEnd = options.heldEnd;
    this.#onAdvance = options.onAdvance;
    this.#onFailure = options.onFailure;
  }

  /** Bytes hashed. */
  get position(): number {
    return this.#hasher.position;
  }

  get complete(): boolean {
    return this.#hasher.position === this.#size && !this.#busy;
  }

  /** Goes on if there is enough to hash. Called whenever bytes have landed. */
  poke(): void {
    if (this.#busy) return;
    const from = this.#hasher.position;
    const end = this.#heldEnd(from);
    if (end === from || (end - from < SHORTEST_STEP && end !== this.#size)) return;
    this.#busy = true;
    this.#hasher.advance(Math.min(end, from + LONGEST_STEP)).then(
      () => {
        this.#busy = false;
        this.poke();
        this.#onAdvance();
      },
      (error: unknown) => this.#onFailure(error),
    );
  }
}
