import type { Discovery } from '../contracts/discovery.ts';

/** Several ways of finding peers as one. Closes all of them. */
export function combineDiscovery(list: readonly Discovery[]): Discovery {
  return {
    join: (member) => {
      const sessions = list.map((discovery) => discovery.join(member));
      return {
        status: () => sessions.flatMap((session) => session.status()),
        completed: () => {
          for (const session of sessions) session.completed();
        },
        wantMore: () => {
          for (const session of sessions) session.wantMore();
        },
        isHopeful: () => sessions.some((session) => session.isHopeful?.() ?? false),
        close: () => all(sessions.map((session) => session.close())),
      };
    },
    close: () => all(list.map((discovery) => discovery.close())),
  };
}

/** Waits for all of them, also when one fails; rejects with the first failure. */
async function all(closings: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(closings);
  await Promise.all(closings);
}
