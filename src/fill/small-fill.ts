import type { Grant } from '../contracts/access.ts';
import type { ByteReader } from '../contracts/byte-reader.ts';
import type { Clock } from '../contracts/clock.ts';
import type { ContentId } from '../contracts/domain.ts';
import type { RangeSource } from '../contracts/range-source.ts';
import { isSwarmError, SwarmError } from '../errors.ts';
import { type Digests, hashBytes } from '../hashing/hash-bytes.ts';
import { Setbacks } from '../transfer/setbacks.ts';
import { grantName } from './content.ts';

/** Files up to this size are fetched and verified in memory before anything is answered. */
export const LARGEST_SMALL_FILE: number = 1024 * 1024;

/** A small file, whole and verified. */
export interface SmallFile extends Digests {
  readonly bytes: Uint8Array;
}

/**
 * Fetches and verifies a file of at most 1 MiB. Throws INTEGRITY when the bytes do not match the Hub's hash, else what
 * the source says after a few tries.
 */
export async function fetchSmallFile(options: {
  readonly grant: Grant;
  readonly content: ContentId;
  readonly source: RangeSource;
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Hears of every chunk. */
  readonly onBytes?: (bytes: number) => void;
}): Promise<SmallFile> {
  const { grant, content } = options;
  const bytes = await fetchWithRetries(options);
  const digests = hashBytes(bytes);
  const matches = content.kind === 'lfs' ? digests.sha256 === content.sha256 : digests.gitOid === content.gitOid;
  if (!matches) {
    throw new SwarmError('INTEGRITY', `${grantName(grant)}: the bytes that the Hub sent do not match its own hash`, {
      retryAfterSeconds: 1,
    });
  }
  return { bytes, ...digests };
}

async function fetchWithRetries({
  content,
  source,
  clock,
  random,
  signal,
  onBytes,
}: {
  readonly content: ContentId;
  readonly source: RangeSource;
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly onBytes?: (bytes: number) => void;
}): Promise<Uint8Array> {
  const setbacks = new Setbacks(clock, random);
  const bytes = new Uint8Array(content.size);
  let received = 0;
  while (received < content.size) {
    const before = received;
    try {
      for await (const chunk of source.read(received, content.size, { signal })) {
        bytes.set(chunk, received);
        received += chunk.length;
        onBytes?.(chunk.length);
      }
    } catch (error) {
      const final = !isSwarmError(error) || error.code === 'HUB_REFUSED' || signal.aborted;
      if (final || !setbacks.failed(error, received - before)) throw error;
      await clock.sleep(setbacks.remainingPause, signal);
    }
  }
  return bytes;
}

/** Reads from memory. */
export function memoryReader(bytes: Uint8Array): ByteReader {
  return {
    size: bytes.length,
    async read(buffer, position) {
      const piece = bytes.subarray(position, position + buffer.length);
      buffer.set(piece);
      return piece.length;
    },
    close() {},
  };
}
