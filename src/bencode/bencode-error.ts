import { SwarmError } from '../errors.ts';

/** What is wrong with a bencoded text, and at which byte of it. */
export function bencodeError(offset: number, problem: string): SwarmError {
  return new SwarmError('BAD_TORRENT', `Bencoded text: ${problem} at byte ${offset}.`);
}
