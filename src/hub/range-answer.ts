import { SwarmError } from '../errors.ts';
import { parseContentRange } from '../hub-format/content-range.ts';
import type { Answer } from './exchange.ts';

/** The bytes that were asked for, of which file. */
export interface WantedRange {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  /** Bytes of the whole file. */
  readonly size: number;
  /** The file, for messages. */
  readonly what: string;
}

/** A server that ignores Range sends the file from its first byte; this much of it is thrown away, not more. */
const MAX_SKIP = 1024 * 1024;

function invalid(answer: Answer, wanted: WantedRange, why: string): SwarmError {
  return new SwarmError('UPSTREAM_INVALID', `${answer.url.host} answered the request for ${wanted.what} ${why}.`);
}

/**
 * Checks that an answer holds the wanted bytes, before one of them is used.
 *
 * @returns how many bytes of the body come before the wanted ones.
 * @throws SwarmError UPSTREAM_INVALID
 */
export function checkRangeAnswer(answer: Answer, wanted: WantedRange): number {
  const { headers, status } = answer;
  if ((headers.get('content-encoding') ?? 'identity') !== 'identity') throw invalid(answer, wanted, 'compressed');
  const length = headers.get('content-length');
  if (status === 206) {
    const range = parseContentRange(headers.get('content-range'));
    if (range?.start !== wanted.start || range.end !== wanted.end || range.size !== wanted.size) {
      throw invalid(answer, wanted, 'with another range, or with one of a file of another size');
    }
    if (length !== null && Number(length) !== wanted.end - wanted.start) {
      throw invalid(answer, wanted, 'with a length that contradicts its range');
    }
    return 0;
  }
  if (status !== 200) throw invalid(answer, wanted, `with HTTP ${status}`);
  if (length !== null && Number(length) !== wanted.size) throw invalid(answer, wanted, 'with a file of another size');
  if (wanted.start > MAX_SKIP) throw invalid(answer, wanted, 'without regard to the range');
  return wanted.start;
}

/** An answer that was checked. */
export interface RangeAnswer {
  readonly answer: Answer;
  /** Bytes of the body before the wanted ones. */
  readonly skip: number;
}

/**
 * The wanted bytes, in the chunks in which they come. Ends the connection as soon as it has them all or the consumer
 * stops.
 *
 * @param open called when the first chunk is asked for.
 * @throws SwarmError UPSTREAM_UNAVAILABLE when the answer ends early, and what `open` and the exchange throw.
 */
export async function* rangeBytes(
  wanted: WantedRange,
  open: () => Promise<RangeAnswer>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let left = wanted.end - wanted.start;
  if (left === 0) return;
  const { answer, skip } = await open();
  const { body, url } = answer;
  let toSkip = skip;
  try {
    while (left > 0) {
      let chunk = await body.next();
      if (!chunk) {
        throw new SwarmError('UPSTREAM_UNAVAILABLE', `${url.host} ended ${wanted.what} ${left} bytes early.`);
      }
      if (toSkip > 0) {
        const skipped = Math.min(toSkip, chunk.length);
        toSkip -= skipped;
        chunk = chunk.subarray(skipped);
      }
      if (chunk.length > left) chunk = chunk.subarray(0, left);
      left -= chunk.length;
      if (chunk.length > 0) yield chunk;
    }
  } finally {
    body.destroy();
  }
}
