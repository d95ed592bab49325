import type { Clock } from '../contracts/clock.ts';
import type { Part } from '../contracts/part.ts';
import type { RangeSource } from '../contracts/range-source.ts';
import { SwarmError } from '../errors.ts';
import { SpanWriter } from './span-writer.ts';

/** Called before bytes are taken in: waits while a download limit asks for it. */
export type Throttle = (bytes: number, signal: AbortSignal) => Promise<void>;

export interface LaneOptions {
  readonly source: RangeSource;
  readonly part: Part;
  readonly start: number;
  readonly end: number;
  readonly clock: Clock;
  readonly throttle: Throttle | undefined;
  readonly onWritten: (lane: Lane, start: number, end: number) => void;
}

/** One request under way: it reads a span from a source and writes it to the part. */
export class Lane {
  readonly source: RangeSource;
  readonly start: number;
  readonly startedAt: number;
  /** When bytes last arrived. */
  progressAt: number;
  /** The lane whose silence made this one start: a second try for the same bytes. */
  readonly hedgeOf: Lane | undefined;
  readonly #options: LaneOptions;
  readonly #stop = new AbortController();
  #received: number;
  #written: number;
  #end: number;

  constructor(options: LaneOptions, hedgeOf?: Lane) {
    this.#options = options;
    this.source = options.source;
    this.start = options.start;
    this.hedgeOf = hedgeOf;
    this.#received = options.start;
    this.#written = options.start;
    this.#end = options.end;
    this.startedAt = options.clock.now();
    this.progressAt = this.startedAt;
  }

  /** Everything before it has come from the source. */
  get received(): number {
    return this.#received;
  }

  /** Everything before it is on the disk. */
  get written(): number {
    return this.#written;
  }

  get end(): number {
    return this.#end;
  }

  get stopped(): boolean {
    return this.#stop.signal.aborted;
  }

  /** Bytes per second since the lane started. */
  rate(): number {
    const elapsed = Math.max(1, this.#options.clock.now() - this.startedAt);
    return ((this.#received - this.start) * 1000) / elapsed;
  }

  /** Leaves everything from `end` on to another lane. */
  cut(end: number): void {
    this.#end = Math.max(this.#received, Math.min(this.#end, end));
  }

  /** Ends the lane; what is written stays. */
  stop(): void {
    this.#stop.abort(new SwarmError('CLOSED', 'The lane was stopped'));
  }

  /** Reads to the end. Rejects with what the source or the disk said; what came before it is written all the same. */
  async run(): Promise<void> {
    const { source, part, start, throttle } = this.#options;
    const { signal } = this.#stop;
    const writer = new SpanWriter(part, start, (from, to) => {
      this.#written = to;
      this.#options.onWritten(this, from, to);
    });
    try {
      for await (const chunk of source.read(start, this.#end, { signal })) {
        if (throttle) await throttle(chunk.length, signal);
        const room = this.#end - this.#received;
        const wanted = chunk.length > room ? chunk.subarray(0, room) : chunk;
        this.#received += wanted.length;
        this.progressAt = this.#options.clock.now();
        await writer.write(wanted);
        if (this.#received >= this.#end) break;
      }
    } finally {
      await writer.finish();
    }
    if (this.#received < this.#end) {
      throw new SwarmError(
        'UPSTREAM_UNAVAILABLE',
        `${source.name} ended its answer ${this.#end - this.#received} bytes early`,
      );
    }
  }
}
