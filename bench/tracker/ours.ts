import { join } from 'node:path';
import type { HttpTracker } from '../../src/tracker/http-tracker.ts';

const DIST = join(import.meta.dirname, '..', '..', 'dist');

/** Our tracker without sockets, as it was built. */
export async function createHttpTracker(): Promise<Pick<HttpTracker, 'answer'> & { readonly peers: () => number }> {
  const [{ HttpTracker: Tracker }, { TrackerCore }, { TrackerPolicy }, { MemorySwarmState }, { systemClock: clock }] =
    await Promise.all([
      import(`${DIST}/tracker/http-tracker.js`),
      import(`${DIST}/tracker/tracker-core.js`),
      import(`${DIST}/tracker/policy.js`),
      import(`${DIST}/swarm-state/memory-swarm-state.js`),
      import(`${DIST}/base/system-clock.js`),
    ]);
  const state = new MemorySwarmState({ clock, ttlMs: 3_600_000, mostPeers: 10_000_000 });
  const policy = new TrackerPolicy({ limits: undefined, clock });
  const tracker = new Tracker(new TrackerCore({ state, policy, clock, random: Math.random, intervalSeconds: 600 }));
  return { answer: (url, asker) => tracker.answer(url, asker), peers: () => state.size.peers };
}
