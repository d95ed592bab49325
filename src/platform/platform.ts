/** What differs between Node and browsers and is needed by code that runs in both. */
export interface Platform {
  /** One-shot digest of bytes that are in memory. */
  digest(algorithm: 'SHA-1' | 'SHA-256', bytes: Uint8Array): Promise<Uint8Array>;
}
