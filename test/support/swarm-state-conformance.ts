/** What every implementation of `SwarmState` must do. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../../src/contracts/clock.ts';
import type { NativePeer, PeerRole, Selection, SwarmState } from '../../src/contracts/swarm-state.ts';
import { ManualClock } from './manual-clock.ts';

export const TTL_MS: number = 60_000;

type Create = (options: { readonly clock: Clock; readonly ttlMs: number; readonly mostPeers: number }) => SwarmState;

export const hashOf = (value: number): Uint8Array => new Uint8Array(20).fill(value & 255).fill(value >> 8, 0, 2);
const idOf = (value: number): Uint8Array => new Uint8Array(20).fill(value & 255).fill(value >> 8, 10, 12);
export const v4 = (value: number): Uint8Array => Uint8Array.of(10, 0, value >> 8, value & 255, 26, 225);
const v6 = (value: number): Uint8Array => Uint8Array.from({ length: 18 }, (_, at) => (at === 15 ? value : 0x20));

export function peer(swarm: number, value: number, more: Partial<NativePeer> = {}): NativePeer {
  const fixed = { infoHash: hashOf(swarm), peerId: idOf(value), address: v4(value) };
  return { ...fixed, role: 'leecher', hasCompleted: false, ...more };
}

/** The addresses that somebody gets, as texts. */
export function chosen(
  state: SwarmState,
  swarm: number,
  address: Uint8Array,
  role: PeerRole,
  wanted: number,
): { readonly v4: string[]; readonly v6: string[]; readonly ids: string[] } {
  const into: Selection = {
    ...{ v4: new Uint8Array(6 * wanted), v6: new Uint8Array(18 * wanted), count4: 0, count6: 0 },
    ...{ ids4: new Uint8Array(20 * wanted), ids6: new Uint8Array(20 * wanted) },
  };
  state.select(hashOf(swarm), address, role, wanted, into);
  const list = (bytes: Uint8Array, count: number, size: number) =>
    Array.from({ length: count }, (_, at) => bytes.slice(at * size, at * size + size).join('.'));
  return {
    v4: list(into.v4, into.count4, 6),
    v6: list(into.v6, into.count6, 18),
    ids: list(into.ids4 ?? new Uint8Array(0), into.count4, 20),
  };
}

export function describeSwarmState(implementation: string, create: Create): void {
  const open = (mostPeers = 1000) => {
    const clock = new ManualClock();
    return { clock, state: create({ clock, ttlMs: TTL_MS, mostPeers }) };
  };

  describe(`${implementation}: peers that are dialled`, () => {
    test('are counted by what they have, and forgotten when they leave', () => {
      const { state } = open();
      state.announce(peer(1, 1, { role: 'seed' }));
      state.announce(peer(1, 2));
      state.announce(peer(1, 3, { role: 'partialSeed' }));
      state.announce(peer(2, 1));
      expect(state.counts(hashOf(1))).toEqual({ seeders: 1, leechers: 2, partialSeeds: 1, completed: 0 });
      expect(state.size).toEqual({ swarms: 2, peers: 4 });
      for (const value of [1, 2, 3]) state.leave(hashOf(1), v4(value));
      state.leave(hashOf(1), v4(9));
      expect(state.counts(hashOf(1))).toBeUndefined();
      expect(state.size).toEqual({ swarms: 1, peers: 1 });
      expect([...state.infoHashes()].map((hash) => hash.slice())).toEqual([hashOf(2)]);
    });

    test('are one, by their address, however often and under whatever id they announce', () => {
      const { state } = open();
      for (let turn = 0; turn < 5; turn++) state.announce(peer(1, 1, { peerId: idOf(turn) }));
      expect(state.counts(hashOf(1))).toMatchObject({ leechers: 1 });
      expect(chosen(state, 1, v4(2), 'leecher', 10)).toMatchObject({ v4: [v4(1).join('.')], ids: [idOf(4).join('.')] });
    });

    test('complete once, whether they were leechers before or are new', () => {
      const { state } = open();
      state.announce(peer(1, 1));
      for (let turn = 0; turn < 3; turn++) state.announce(peer(1, 1, { role: 'seed', hasCompleted: true }));
      state.announce(peer(1, 2, { role: 'seed', hasCompleted: true }));
      expect(state.counts(hashOf(1))).toMatchObject({ seeders: 2, leechers: 0, completed: 2 });
    });

    test('count once where a torrent has two swarms', () => {
      const { state } = open();
      expect(state.countsTogether(hashOf(1), hashOf(2))).toBeUndefined();
      for (let value = 1; value <= 6; value++)
        state.announce(peer(1, value, { role: value <= 2 ? 'seed' : 'leecher' }));
      expect(state.countsTogether(hashOf(1), hashOf(2))).toMatchObject({ seeders: 2, leechers: 4 });
      for (const value of [1, 5, 6, 7]) state.announce(peer(2, value, { role: value === 1 ? 'seed' : 'leecher' }));
      expect(state.countsTogether(hashOf(1), hashOf(2))).toMatchObject({ seeders: 2, leechers: 5 });
      expect(state.countsTogether(hashOf(2), hashOf(1))).toMatchObject({ seeders: 2, leechers: 5 });
    });

    test('are given to others: not to themselves, seeds not to seeds, IPv4 and IPv6', () => {
      const { state } = open();
      for (let value = 1; value <= 4; value++) state.announce(peer(1, value, { role: value < 3 ? 'seed' : 'leecher' }));
      state.announce(peer(1, 5, { address: v6(5) }));
      expect(chosen(state, 1, v4(1), 'seed', 10).v4.sort()).toEqual([v4(3).join('.'), v4(4).join('.')]);
      const got = chosen(state, 1, v4(3), 'leecher', 10);
      expect(got.v4.sort()).toEqual([1, 2, 4].map((value) => v4(value).join('.')));
      expect(got.v6).toEqual([v6(5).join('.')]);
      expect(chosen(state, 1, v4(99), 'leecher', 10).v4).toHaveLength(4);
      expect(chosen(state, 7, v4(1), 'leecher', 10)).toMatchObject({ v4: [], v6: [] });
    });

    test('are given in turn, so that all of them are found', () => {
      const { state } = open();
      for (let value = 1; value <= 100; value++)
        state.announce(peer(1, value, { role: value <= 50 ? 'seed' : 'leecher' }));
      const seen = new Set<string>();
      for (let turn = 0; turn < 10; turn++)
        for (const address of chosen(state, 1, v4(1000), 'leecher', 10).v4) seen.add(address);
      expect(seen.size).toBe(100);
    });

    test('are forgotten when they have not announced for long enough', () => {
      const { state, clock } = open();
      state.announce(peer(1, 1));
      clock.advance(TTL_MS / 2);
      state.announce(peer(1, 2));
      state.expire();
      clock.advance(TTL_MS / 2 + 10_000);
      state.expire();
      expect(chosen(state, 1, v4(9), 'leecher', 9).v4).toEqual([v4(2).join('.')]);
      clock.advance(10 * TTL_MS);
      state.expire();
      expect(state.size).toEqual({ swarms: 0, peers: 0 });
    });

    test('are not taken in when there is no room, but those that are there stay', () => {
      const { state } = open(3);
      for (let value = 1; value <= 3; value++) expect(state.announce(peer(value, value))).toBe(true);
      expect(state.announce(peer(1, 9))).toBe(false);
      expect(state.announce(peer(9, 9))).toBe(false);
      expect(state.announce(peer(2, 2, { role: 'seed' }))).toBe(true);
      expect(state.size).toEqual({ swarms: 3, peers: 3 });
    });
  });

  describe(`${implementation}: peers that are connected`, () => {
    test('belong to their connection', () => {
      const { state } = open();
      const one = {
        infoHash: hashOf(1),
        peerId: idOf(1),
        connection: 7,
        role: 'leecher',
        hasCompleted: false,
      } as const;
      expect(state.join(one)).toBe(true);
      expect(state.join({ ...one, connection: 8 })).toBe(false);
      expect(state.connectionOf(hashOf(1), idOf(1))).toBe(7);
      state.part(hashOf(1), idOf(1), 8);
      expect(state.connectionOf(hashOf(1), idOf(1))).toBe(7);
      state.part(hashOf(1), idOf(1), 7);
      expect(state.connectionOf(hashOf(1), idOf(1))).toBe(0);
      expect(state.join({ ...one, connection: 8 })).toBe(true);
    });

    test('are counted with those that are dialled, and given to their own kind only', () => {
      const { state } = open();
      state.announce(peer(1, 1, { role: 'seed' }));
      for (let value = 1; value <= 3; value++) {
        const role = value === 1 ? 'seed' : 'leecher';
        state.join({ infoHash: hashOf(1), peerId: idOf(value), connection: value, role, hasCompleted: false });
      }
      expect(state.counts(hashOf(1))).toMatchObject({ seeders: 2, leechers: 2 });
      const into: number[] = [];
      state.selectConnections(hashOf(1), idOf(2), 'leecher', 10, into);
      expect(into.sort()).toEqual([1, 3]);
      expect(chosen(state, 1, v4(5), 'leecher', 10).v4).toEqual([v4(1).join('.')]);
    });
  });

  test(`${implementation}: whatever happens, it has what a list would have`, () => {
    const action = fc.record({
      kind: fc.constantFrom('announce', 'announce', 'leave', 'wait', 'join', 'part'),
      swarm: fc.integer({ min: 0, max: 5 }),
      value: fc.integer({ min: 1, max: 300 }),
      role: fc.constantFrom<PeerRole>('seed', 'leecher', 'partialSeed'),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 400 }), (actions) => {
        const { state, clock } = open(200);
        const model = new Map<string, { role: PeerRole; at: number; swarm: number }>();
        for (const { kind, swarm, value, role } of actions) {
          const key = `${kind === 'join' || kind === 'part' ? 'c' : 'n'} ${swarm} ${value}`;
          const put = (isIn: boolean) => isIn && model.set(key, { role, at: clock.now(), swarm });
          if (kind === 'announce') put(state.announce(peer(swarm, value, { role })));
          const connected = { infoHash: hashOf(swarm), peerId: idOf(value), connection: value };
          if (kind === 'join') put(state.join({ ...connected, role, hasCompleted: false }));
          if (kind === 'leave') state.leave(hashOf(swarm), v4(value));
          if (kind === 'part') state.part(hashOf(swarm), idOf(value), value);
          if (kind === 'leave' || kind === 'part') model.delete(key);
          if (kind === 'wait') {
            clock.advance(value * 100);
            state.expire();
            // It may keep somebody a little longer than it must.
            for (const [other, { at, swarm: of }] of model) {
              const [type, , id] = other.split(' ');
              const isHere =
                type === 'c'
                  ? state.connectionOf(hashOf(of), idOf(Number(id))) !== 0
                  : chosen(state, of, v4(9999), 'leecher', 400).v4.includes(v4(Number(id)).join('.'));
              const age = clock.now() - at;
              if (age < TTL_MS) expect([other, isHere]).toEqual([other, true]);
              if (age > TTL_MS + 10_000) expect([other, isHere]).toEqual([other, false]);
              if (!isHere) model.delete(other);
            }
          }
        }
        expect(state.size.peers).toBe(model.size);
        for (let swarm = 0; swarm <= 5; swarm++) {
          const here = [...model.values()].filter((each) => each.swarm === swarm);
          const seeders = here.filter(({ role }) => role === 'seed').length;
          const partialSeeds = here.filter(({ role }) => role === 'partialSeed').length;
          const expected = { seeders, leechers: here.length - seeders, partialSeeds };
          if (here.length > 0) expect(state.counts(hashOf(swarm))).toMatchObject(expected);
          else expect(state.counts(hashOf(swarm))).toBeUndefined();
        }
      }),
      { numRuns: 60 },
    );
  });
}
