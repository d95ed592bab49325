import type { Clock } from '../contracts/clock.ts';
import type { AnnounceAnswer } from './tracker-client.ts';

/** For how long the other address is waited for once one has answered. */
const GRACE_MS = 2000;

/**
 * Waits for a tracker that was asked at several addresses: what has come two seconds after its first answer. Rejects when no
 * address answers, with the error of the first.
 */
export async function answersOf<T>(tries: readonly Promise<T>[], clock: Clock): Promise<readonly T[]> {
  const answers: T[] = [];
  const each = tries.map(async (attempt) => {
    answers.push(await attempt);
  });
  const all = Promise.allSettled(each);
  await Promise.any(each).catch(async () => await tries[0]);
  const done = new AbortController();
  const grace = clock.sleep(GRACE_MS, done.signal).catch(() => {});
  await Promise.race([all, grace]);
  done.abort();
  return [...answers];
}

/** One answer of several that the same tracker gave: the IPv4 and the IPv6 half of a swarm. At least one. */
export function mergeAnswers(answers: readonly AnnounceAnswer[]): AnnounceAnswer {
  const most = (key: 'seeds' | 'leechers' | 'interval' | 'minInterval'): number | undefined => {
    const numbers = answers.flatMap((answer) => answer[key] ?? []);
    return numbers.length === 0 ? undefined : Math.max(...numbers);
  };
  return {
    ...answers[0],
    peers: answers.flatMap(({ peers }) => peers),
    interval: most('interval'),
    minInterval: most('minInterval'),
    seeds: most('seeds'),
    leechers: most('leechers'),
  };
}
