import { expect, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import type { Peer } from './peer.ts';
import { PeersFirst } from './peers-first.ts';

function scene() {
  const clock = new ManualClock();
  const peers = new Set<Peer>();
  const state = { isHopeful: true };
  const first = new PeersFirst({ clock, peers, leastRate: 1000, isHopeful: () => state.isHopeful });
  const add = (wanted: number, perSecond: number): { wanted: number; received: { perSecond: number } } => {
    const peer = { wanted, received: { perSecond } };
    peers.add(peer as unknown as Peer);
    return peer;
  };
  return { clock, peers, state, first, add };
}

test('in the beginning sources wait for peers while there is hope, and not for long', () => {
  const { clock, state, first } = scene();
  expect(first.use()).toBe('none');
  state.isHopeful = false;
  expect(first.use()).toBe('all');
  state.isHopeful = true;
  clock.advance(2500);
  expect(first.use()).toBe('all');
});

test('peers that are fast enough have the sources to themselves; what no peer has comes from sources', () => {
  const { clock, peers, first, add } = scene();
  const peer = add(3, 0);
  expect(first.use()).toBe('rest');
  clock.advance(4000);
  expect(first.use()).toBe('all');
  peer.received.perSecond = 1000;
  expect(first.use()).toBe('rest');
  peer.wanted = 0;
  expect(first.use()).toBe('all');
  peer.wanted = 1;
  peers.clear();
  expect(first.use()).toBe('all');
});
