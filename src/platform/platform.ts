/** What differs between Node and browsers and is needed by code that runs in both. */
export interface Platform {
  /**
   * One-shot digest of a few bytes that are in memory: names of torrents, nodes of merkle trees, pointers. Synchronous, and in browsers
   * plain JavaScript; whole files go through `hashing/`.
   */
  digest(algorithm: 'SHA-1' | 'SHA-256', bytes: Uint8Array): Uint8Array<ArrayBuffer>;
  /** The same, written to `target` at `offset`: for trees of many nodes, without an allocation for each. */
  digestInto(algorithm: 'SHA-1' | 'SHA-256', bytes: Uint8Array, target: Uint8Array, offset: number): void;
}
