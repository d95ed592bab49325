import type { Grant } from './access.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ContentId } from './domain.ts';
import type { Whereabouts } from './fill-helper.ts';

/** How bytes that are being served were checked (`X-Modelswarm-Verified`). */
export type Verified = 'blob' | 'provisional';

/** A granted file, held or on its way. */
export interface OpenFile {
  readonly reader: ByteReader;
  /** `blob`: all bytes match the Hub's hash. `provisional`: they are checked when the file is whole. */
  readonly verified: Verified;
  /** For `Cache-Status`: held, joined a running fill, or started one. */
  readonly cache: 'hit' | 'joined' | 'miss';
}

/** How much of the file the caller is going to read; decides how much the fill fetches. */
export interface ReadIntent {
  /** `whole` completes the file. `range` fetches the range and a bounded read-ahead. */
  readonly extent: 'whole' | 'range';
  /** First byte wanted, and the end of the wanted range (exclusive). */
  readonly start: number;
  readonly end: number;
}

/** Granted bytes: from the blob store if held, else from a fill that all readers share. */
export interface Files {
  /** Throws DISK_FULL, INTEGRITY, OFFLINE, UPSTREAM_*, HUB_REFUSED. Whole files up to 1 MiB are verified before this resolves. */
  open(grant: Grant, intent: ReadIntent, signal?: AbortSignal): Promise<OpenFile>;
  /** True for an hour after the entry's bytes failed verification: ranges must then be answered from byte 0. */
  isSuspect(grant: Grant): boolean;
  /** Is the file held whole? Costs no upstream request. */
  isHeld(grant: Grant): boolean;
  /**
   * Resolves when the file is held whole, verified and stored. Throws what `open` throws, and what ended its fill; on abort
   * `signal.reason`, and then the fill goes on if there is room for one that nobody waits for.
   */
  fetch(grant: Grant, signal?: AbortSignal): Promise<void>;
  /** Bytes of the file that are here: all, those that a running fill has, or none. */
  heldBytes(grant: Grant): number;
  /** How far this server is with a content, as neighbours may know it. */
  whereabouts(content: ContentId): Whereabouts;
}
