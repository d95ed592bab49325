/** A source that gives byte ranges of one immutable file: the Hub, a web seed, Xet, another mirror. */
export interface RangeSource {
  /** Short and stable, for logs and counters: `hub`, `xet`, `web-seed:host`. */
  readonly name: string;
  /** Bytes of the whole file. */
  readonly size: number;
  /**
   * Streams bytes `[start, end)`, in order, in chunks of any length.
   * Throws SwarmError (UPSTREAM_*, RATE_LIMITED, HUB_REFUSED) when it cannot go on; bytes already yielded stay good.
   * It never yields more than `end - start` bytes; an early end of the stream is a throw, not a return.
   * The consumer owns each chunk once it was yielded.
   */
  read(start: number, end: number, options: { readonly signal: AbortSignal }): AsyncIterable<Uint8Array>;
}
