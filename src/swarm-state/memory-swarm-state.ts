import type { Clock } from '../contracts/clock.ts';
import type {
  ConnectedPeer,
  NativePeer,
  PeerRole,
  Selection,
  SwarmCounts,
  SwarmState,
} from '../contracts/swarm-state.ts';
import { KEY_BYTES, KEY_WORDS } from './key-index.ts';
import { IS_CONNECTED, IS_PARTIAL, IS_SEED, IS_V6, PeerTable } from './peer-table.ts';
import { CONNECTED, LEECHERS, RINGS, SEEDS, SwarmTable } from './swarm-table.ts';
import { TimeWheel } from './time-wheel.ts';

/** Comparing so many takes some milliseconds. */
const MOST_COMPARED = 20_000;

export interface MemorySwarmStateOptions {
  readonly clock: Clock;
  /** A peer that has not announced for so long is forgotten. */
  readonly ttlMs: number;
  /** Peers of all swarms together; more are not taken in. Each has 100 bytes or so, a swarm as much. */
  readonly mostPeers: number;
}

/** Who is in which swarm, in the memory of this process: rows of numbers, linked into rings. Nothing here makes an object per peer. */
export class MemorySwarmState implements SwarmState {
  readonly #mostPeers: number;
  readonly #swarms = new SwarmTable();
  readonly #peers = new PeerTable();
  readonly #wheel: TimeWheel;
  // What is looked for, as words and as bytes.
  readonly #hash = new Uint32Array(KEY_WORDS);
  readonly #key = new Uint32Array(KEY_WORDS);
  readonly #other = new Uint32Array(KEY_WORDS);
  readonly #hashBytes = new Uint8Array(this.#hash.buffer);
  readonly #keyBytes = new Uint8Array(this.#key.buffer);
  readonly #otherBytes = new Uint8Array(this.#other.buffer);
  readonly #drop = (peer: number): void => this.#remove(peer);

  constructor({ clock, ttlMs, mostPeers }: MemorySwarmStateOptions) {
    this.#mostPeers = mostPeers;
    this.#wheel = new TimeWheel({ clock, ttlMs, rings: this.#peers.wheel });
  }

  get size(): { readonly swarms: number; readonly peers: number } {
    return { swarms: this.#swarms.count, peers: this.#peers.count };
  }

  announce({ infoHash, peerId, address, role, hasCompleted }: NativePeer): boolean {
    this.expire();
    const swarm = this.#findOrAdd(infoHash);
    if (swarm === 0) return false;
    this.#setKey(address);
    this.#otherBytes.set(peerId);
    return this.#put(swarm, flagsOf(role) | (address.length > 6 ? IS_V6 : 0), hasCompleted);
  }

  has(infoHash: Uint8Array, address: Uint8Array): boolean {
    const swarm = this.#find(infoHash);
    if (swarm === 0) return false;
    this.#setKey(address);
    return this.#peers.find(swarm * 2, this.#key) !== 0;
  }

  leave(infoHash: Uint8Array, address: Uint8Array): void {
    const swarm = this.#find(infoHash);
    if (swarm === 0) return;
    this.#setKey(address);
    const peer = this.#peers.find(swarm * 2, this.#key);
    if (peer !== 0) this.#remove(peer);
  }

  select(infoHash: Uint8Array, address: Uint8Array, role: PeerRole, wanted: number, into: Selection): void {
    into.count4 = 0;
    into.count6 = 0;
    const swarm = this.#find(infoHash);
    if (swarm === 0) return;
    this.#setKey(address);
    const self = this.#peers.find(swarm * 2, this.#key);
    const [seeds, leechers] = this.#shares(swarm, 0, role, wanted);
    this.#walk(swarm, LEECHERS, leechers, self, (peer) => this.#copy(peer, into));
    this.#walk(swarm, SEEDS, seeds, self, (peer) => this.#copy(peer, into));
  }

  join({ infoHash, peerId, connection, role, hasCompleted }: ConnectedPeer): boolean {
    this.expire();
    const swarm = this.#findOrAdd(infoHash);
    if (swarm === 0) return false;
    this.#setKey(peerId);
    this.#other.fill(0);
    this.#other[0] = connection;
    const peer = this.#peers.find(swarm * 2 + 1, this.#key);
    if (peer !== 0 && this.#peers.others[peer * KEY_WORDS] !== connection) return false;
    return this.#put(swarm, flagsOf(role) | IS_CONNECTED, hasCompleted);
  }

  part(infoHash: Uint8Array, peerId: Uint8Array, connection: number): void {
    const peer = this.#connected(infoHash, peerId);
    if (peer !== 0 && this.#peers.others[peer * KEY_WORDS] === connection) this.#remove(peer);
  }

  connectionOf(infoHash: Uint8Array, peerId: Uint8Array): number {
    const peer = this.#connected(infoHash, peerId);
    return peer === 0 ? 0 : (this.#peers.others[peer * KEY_WORDS] as number);
  }

  selectConnections(infoHash: Uint8Array, peerId: Uint8Array, role: PeerRole, wanted: number, into: number[]): void {
    const swarm = this.#find(infoHash);
    if (swarm === 0) return;
    this.#setKey(peerId);
    const self = this.#peers.find(swarm * 2 + 1, this.#key);
    const [seeds, leechers] = this.#shares(swarm, CONNECTED, role, wanted);
    const take = (peer: number): void => void into.push(this.#peers.others[peer * KEY_WORDS] as number);
    this.#walk(swarm, CONNECTED + LEECHERS, leechers, self, take);
    this.#walk(swarm, CONNECTED + SEEDS, seeds, self, take);
  }

  counts(infoHash: Uint8Array): SwarmCounts | undefined {
    const swarm = this.#find(infoHash);
    if (swarm === 0) return undefined;
    const { counts, partialSeeds, completed } = this.#swarms;
    const of = (ring: number): number => counts[swarm * RINGS + ring] as number;
    return {
      seeders: of(SEEDS) + of(CONNECTED + SEEDS),
      leechers: of(LEECHERS) + of(CONNECTED + LEECHERS),
      partialSeeds: partialSeeds[swarm] as number,
      completed: completed[swarm] as number,
    };
  }

  countsTogether(infoHash: Uint8Array, infoHashV2: Uint8Array): SwarmCounts | undefined {
    const [one, other] = [this.counts(infoHash), this.counts(infoHashV2)];
    if (!one || !other) return one ?? other;
    const isSmaller = one.seeders + one.leechers < other.seeders + other.leechers;
    const smaller = this.#find(isSmaller ? infoHash : infoHashV2);
    const larger = this.#find(isSmaller ? infoHashV2 : infoHash);
    const twice = { seeders: 0, leechers: 0 };
    if (this.#swarms.peersOf(smaller) <= MOST_COMPARED)
      for (let ring = 0; ring < RINGS; ring++)
        twice[ring % CONNECTED === SEEDS ? 'seeders' : 'leechers'] += this.#shared(smaller, ring, larger);
    return {
      seeders: one.seeders + other.seeders - twice.seeders,
      leechers: one.leechers + other.leechers - twice.leechers,
      partialSeeds: Math.max(one.partialSeeds, other.partialSeeds),
      // Whoever completes tells both.
      completed: Math.max(one.completed, other.completed),
    };
  }

  /** How many peers of a ring are in another swarm, too. */
  #shared(swarm: number, ring: number, other: number): number {
    const { keys, rings } = this.#peers;
    const place = other * 2 + (ring >= CONNECTED ? 1 : 0);
    const first = this.#swarms.heads[swarm * RINGS + ring] as number;
    let count = 0;
    for (let peer = first; peer !== 0; ) {
      this.#key.set(keys.subarray(peer * KEY_WORDS, (peer + 1) * KEY_WORDS));
      if (this.#peers.find(place, this.#key) !== 0) count++;
      peer = rings.next[peer] as number;
      if (peer === first) break;
    }
    return count;
  }

  expire(): void {
    this.#wheel.advance(this.#drop);
  }

  *infoHashes(): Generator<Uint8Array> {
    for (let swarm = 1; swarm < this.#swarms.end; swarm++) {
      if (this.#swarms.peersOf(swarm) === 0) continue;
      const { keys } = this.#swarms;
      yield new Uint8Array(keys.buffer, swarm * KEY_BYTES, KEY_BYTES);
    }
  }

  #find(infoHash: Uint8Array): number {
    this.#hashBytes.set(infoHash);
    return this.#swarms.find(this.#hash);
  }

  /** 0: there is no room for another one. */
  #findOrAdd(infoHash: Uint8Array): number {
    const swarm = this.#find(infoHash);
    if (swarm !== 0 || this.#peers.count >= this.#mostPeers) return swarm;
    return this.#swarms.add(this.#hash);
  }

  #setKey(bytes: Uint8Array): void {
    if (bytes.length < KEY_BYTES) this.#key.fill(0);
    this.#keyBytes.set(bytes);
  }

  #connected(infoHash: Uint8Array, peerId: Uint8Array): number {
    const swarm = this.#find(infoHash);
    if (swarm === 0) return 0;
    this.#setKey(peerId);
    return this.#peers.find(swarm * 2 + 1, this.#key);
  }

  /** The peer of `#key` is here. */
  #put(swarm: number, flags: number, hasCompleted: boolean): boolean {
    const place = swarm * 2 + (flags & IS_CONNECTED ? 1 : 0);
    const peers = this.#peers;
    let peer = peers.find(place, this.#key);
    const wasSeed = peer !== 0 && ((peers.flags[peer] as number) & IS_SEED) !== 0;
    if (peer === 0) {
      if (peers.count >= this.#mostPeers) return false;
      peer = peers.add(place, this.#key, this.#other, flags);
      this.#link(swarm, peer);
      peers.expiries[peer] = this.#wheel.add(peer);
    } else {
      if (peers.flags[peer] !== flags) {
        this.#unlink(swarm, peer);
        peers.flags[peer] = flags;
        this.#link(swarm, peer);
      }
      peers.others.set(this.#other, peer * KEY_WORDS);
      peers.expiries[peer] = this.#wheel.touch(peer, peers.expiries[peer] as number);
    }
    if (hasCompleted && !wasSeed) this.#swarms.completed[swarm] = (this.#swarms.completed[swarm] as number) + 1;
    return true;
  }

  #remove(peer: number): void {
    const swarm = (this.#peers.places[peer] as number) >>> 1;
    this.#unlink(swarm, peer);
    this.#wheel.remove(peer, this.#peers.expiries[peer] as number);
    this.#peers.remove(peer);
    if (this.#swarms.peersOf(swarm) === 0) this.#swarms.remove(swarm);
  }

  #link(swarm: number, peer: number): void {
    const { heads, counts, partialSeeds } = this.#swarms;
    const flags = this.#peers.flags[peer] as number;
    const at = swarm * RINGS + ringOf(flags);
    heads[at] = this.#peers.rings.add(heads[at] as number, peer);
    counts[at] = (counts[at] as number) + 1;
    if (flags & IS_PARTIAL) partialSeeds[swarm] = (partialSeeds[swarm] as number) + 1;
  }

  #unlink(swarm: number, peer: number): void {
    const { heads, counts, partialSeeds } = this.#swarms;
    const flags = this.#peers.flags[peer] as number;
    const at = swarm * RINGS + ringOf(flags);
    heads[at] = this.#peers.rings.remove(heads[at] as number, peer);
    counts[at] = (counts[at] as number) - 1;
    if (flags & IS_PARTIAL) partialSeeds[swarm] = (partialSeeds[swarm] as number) - 1;
  }

  /** How many seeds and how many leechers somebody gets: seeds none of their kind, the others half and half, as far as there are any. */
  #shares(swarm: number, kind: number, role: PeerRole, wanted: number): readonly [seeds: number, leechers: number] {
    const { counts } = this.#swarms;
    const leechers = counts[swarm * RINGS + kind + LEECHERS] as number;
    if (role !== 'leecher') return [0, Math.min(wanted, leechers)];
    const seeds = counts[swarm * RINGS + kind + SEEDS] as number;
    const fewest = Math.min(leechers, Math.max(wanted >> 1, wanted - seeds));
    return [Math.min(seeds, wanted - fewest), fewest];
  }

  /** Takes the next `most` peers of a ring; the ring begins behind them the next time. */
  #walk(swarm: number, ring: number, most: number, self: number, take: (peer: number) => void): void {
    const { heads } = this.#swarms;
    const { next } = this.#peers.rings;
    const at = swarm * RINGS + ring;
    const first = heads[at] as number;
    let peer = first;
    for (let taken = 0; taken < most && peer !== 0; ) {
      if (peer !== self) {
        take(peer);
        taken++;
      }
      peer = next[peer] as number;
      if (peer === first) break;
    }
    heads[at] = peer;
  }

  #copy(peer: number, into: Selection): void {
    const isV6 = ((this.#peers.flags[peer] as number) & IS_V6) !== 0;
    if (isV6) {
      this.#peers.copyKey(peer, 18, into.v6, into.count6 * 18);
      if (into.ids6) this.#peers.copyOther(peer, into.ids6, into.count6 * 20);
      into.count6++;
    } else {
      this.#peers.copyKey(peer, 6, into.v4, into.count4 * 6);
      if (into.ids4) this.#peers.copyOther(peer, into.ids4, into.count4 * 20);
      into.count4++;
    }
  }
}

function flagsOf(role: PeerRole): number {
  return role === 'seed' ? IS_SEED : role === 'partialSeed' ? IS_PARTIAL : 0;
}

function ringOf(flags: number): number {
  return (flags & IS_SEED ? SEEDS : LEECHERS) + (flags & IS_CONNECTED ? CONNECTED : 0);
}
