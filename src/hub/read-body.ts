import type { Clock } from '../contracts/clock.ts';
import { SwarmError } from '../errors.ts';
import type { Answer } from './exchange.ts';

/** Longest time that one document may take, from its headers to its end. Each piece of it has a limit of its own. */
const LONGEST_READ_MS = 60_000;

/**
 * Reads a whole body.
 *
 * @param limit bytes.
 * @param what what it is, for messages.
 * @throws SwarmError UPSTREAM_INVALID beyond the limit, UPSTREAM_TIMEOUT after a minute, and what the exchange throws.
 */
export async function readBytes(answer: Answer, limit: number, clock: Clock, what: string): Promise<Uint8Array> {
  const startedAt = clock.now();
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (let chunk = await answer.body.next(); chunk; chunk = await answer.body.next()) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > limit) throw new SwarmError('UPSTREAM_INVALID', `The Hub's answer about ${what} is too long.`);
      if (clock.now() - startedAt > LONGEST_READ_MS) {
        throw new SwarmError('UPSTREAM_TIMEOUT', `The Hub's answer about ${what} came too slowly.`);
      }
    }
  } finally {
    answer.body.destroy();
  }
  const bytes = new Uint8Array(length);
  let position = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, position);
    position += chunk.length;
  }
  return bytes;
}

/** As `readBytes`, parsed as JSON; UPSTREAM_INVALID when it is none. */
export async function readJson(answer: Answer, limit: number, clock: Clock, what: string): Promise<unknown> {
  const text = new TextDecoder().decode(await readBytes(answer, limit, clock, what));
  try {
    return JSON.parse(text);
  } catch {
    throw new SwarmError('UPSTREAM_INVALID', `The Hub's answer about ${what} is not JSON.`);
  }
}
