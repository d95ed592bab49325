import { expect, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { chosen, describeSwarmState, hashOf, peer, TTL_MS, v4 } from '../../test/support/swarm-state-conformance.ts';
import { MemorySwarmState } from './memory-swarm-state.ts';

describeSwarmState('in memory', (options) => new MemorySwarmState(options));

test('rows are used again: a swarm that comes and goes takes nothing', () => {
  const clock = new ManualClock();
  const state = new MemorySwarmState({ clock, ttlMs: TTL_MS, mostPeers: 10 });
  for (let turn = 0; turn < 20_000; turn++) {
    expect(state.announce(peer(turn & 0xffff, turn % 7))).toBe(true);
    expect(state.announce(peer((turn + 1) & 0xffff, 8, { role: 'seed' }))).toBe(true);
    expect(chosen(state, turn & 0xffff, v4(8), 'leecher', 5).v4).toEqual([v4(turn % 7).join('.')]);
    state.leave(hashOf(turn & 0xffff), v4(turn % 7));
    state.leave(hashOf((turn + 1) & 0xffff), v4(8));
  }
  expect(state.size).toEqual({ swarms: 0, peers: 0 });
});

test('a large swarm stays whole while it grows and shrinks', () => {
  const clock = new ManualClock();
  const state = new MemorySwarmState({ clock, ttlMs: TTL_MS, mostPeers: 100_000 });
  for (let value = 0; value < 50_000; value++)
    state.announce(peer(1, value, { role: value % 3 === 0 ? 'seed' : 'leecher' }));
  for (let value = 0; value < 50_000; value += 2) state.leave(hashOf(1), v4(value));
  const seen = new Set<string>();
  for (let turn = 0; turn < 400; turn++)
    for (const each of chosen(state, 1, v4(60_000), 'leecher', 100).v4) seen.add(each);
  expect(state.counts(hashOf(1))).toMatchObject({ seeders: 8333, leechers: 16_667 });
  expect(seen.size).toBe(25_000);
});
