import { randomBytes } from 'node:crypto';
import type { RemoteInfo } from 'node:dgram';
import { toHex } from '../base/hex.ts';
import { systemClock } from '../base/system-clock.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Discovery, DiscoverySession, DiscoveryStatus, SwarmMember } from '../contracts/discovery.ts';
import { encodeLsdAnnounce, hearLsdAnnounce, MOST_ANNOUNCED } from './lsd-message.ts';
import { type LocalInterface, localInterfaces } from './lsd-networks.ts';
import { type LsdGroups, type LsdSocket, openLsdSocket } from './lsd-socket.ts';

const PAUSE_MS = 5 * 60_000;
/** Between two announces out of turn: BEP 14 wants no more than one a minute. */
const EXTRA_MS = 60_000;
/** BEP 14. */
const GROUPS: LsdGroups = { v4: '239.192.152.143', v6: 'ff15::efc0:988f', port: 6771 };
/** Of one swarm, in five minutes. */
const MOST_PEERS = 1000;

export interface LsdOptions {
  /** Default: those of BEP 14. */
  readonly groups?: LsdGroups;
  /** Asked before each announce: interfaces come and go. Default: all but the loopback. */
  readonly interfaces?: () => readonly LocalInterface[];
  readonly clock?: Clock;
}

/** Starts to look for peers on the local network (BEP 14): each member is announced at once and then every five minutes,
 * and out of turn (`wantMore`) once a minute at most. */
export function createLsd(options: LsdOptions = {}): Discovery {
  const { groups = GROUPS, interfaces = localInterfaces, clock = systemClock } = options;
  const lsd = new Lsd(groups, interfaces, clock);
  return { join: (member) => lsd.join(member), close: () => lsd.close() };
}

interface Joined {
  readonly member: SwarmMember;
  /** In hex. */
  readonly infoHash: string;
  /** Who was heard since the last announce. */
  readonly peers: Set<string>;
  dueAt: number;
  /** When it may be announced out of turn again. */
  extraAt: number;
}

class Lsd {
  readonly #groups: LsdGroups;
  readonly #interfaces: () => readonly LocalInterface[];
  readonly #clock: Clock;
  readonly #cookie = randomBytes(8).toString('hex');
  readonly #joined = new Set<Joined>();
  readonly #stop = new AbortController();
  #sockets = new Map<string, LsdSocket>();
  #error: string | undefined;
  #wake = new AbortController();
  #running: Promise<void> | undefined;

  constructor(groups: LsdGroups, interfaces: () => readonly LocalInterface[], clock: Clock) {
    this.#groups = groups;
    this.#interfaces = interfaces;
    this.#clock = clock;
  }

  join(member: SwarmMember): DiscoverySession {
    const joined: Joined = { member, infoHash: toHex(member.infoHash), peers: new Set(), dueAt: 0, extraAt: 0 };
    if (!member.isPrivate && !this.#stop.signal.aborted) {
      this.#joined.add(joined);
      this.#running ??= this.#run();
      this.#wake.abort();
    }
    return {
      status: () => (this.#joined.has(joined) ? [this.#status(joined)] : []),
      completed: () => {},
      wantMore: () => this.#announceSoon(joined),
      close: async () => void this.#joined.delete(joined),
    };
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#joined.clear();
    await this.#running;
    await Promise.all([...this.#sockets.values()].map((socket) => socket.close()));
    this.#sockets.clear();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      // Members that join in this turn share packets.
      await Promise.resolve();
      await this.#followInterfaces();
      if (!signal.aborted) this.#announceDue();
      const next = Math.min(...[...this.#joined].map(({ dueAt }) => dueAt), this.#clock.now() + PAUSE_MS);
      const either = AbortSignal.any([signal, this.#wake.signal]);
      await this.#clock.sleep(Math.max(0, next - this.#clock.now()), either).catch(() => {});
    }
  }

  /** Opens a socket on each interface that has come, and closes those of the ones that have gone. */
  async #followInterfaces(): Promise<void> {
    const wanted = new Map(this.#interfaces().map((local) => [local.address, local]));
    for (const [address, socket] of this.#sockets) if (!wanted.has(address)) await this.#leave(address, socket);
    for (const [address, local] of wanted) {
      if (this.#sockets.has(address) || this.#stop.signal.aborted) continue;
      try {
        const ended = (): void => void this.#leave(address, this.#sockets.get(address));
        const received = (bytes: Uint8Array, from: RemoteInfo): void => this.#received(bytes, from);
        this.#sockets.set(address, await openLsdSocket(local, this.#groups, { received, ended }));
      } catch (error) {
        this.#error = error instanceof Error ? error.message : String(error);
      }
    }
    if (this.#sockets.size > 0) this.#error = undefined;
    else this.#error ??= 'there is no network';
  }

  async #leave(address: string, socket: LsdSocket | undefined): Promise<void> {
    this.#sockets.delete(address);
    await socket?.close();
  }

  #announceSoon(joined: Joined): void {
    const now = this.#clock.now();
    if (joined.extraAt > now) return;
    joined.extraAt = now + EXTRA_MS;
    joined.dueAt = now;
    this.#wake.abort();
  }

  #announceDue(): void {
    const now = this.#clock.now();
    const byPort = new Map<number, Uint8Array[]>();
    for (const joined of this.#joined) {
      if (joined.dueAt > now) continue;
      joined.dueAt = now + PAUSE_MS;
      joined.peers.clear();
      const { port, infoHash } = joined.member;
      // Who does not listen only hears.
      if (port > 0) byPort.set(port, [...(byPort.get(port) ?? []), infoHash]);
    }
    for (const [port, infoHashes] of byPort) this.#announce(port, infoHashes);
  }

  #announce(port: number, all: readonly Uint8Array[]): void {
    for (let start = 0; start < all.length; start += MOST_ANNOUNCED) {
      const infoHashes = all.slice(start, start + MOST_ANNOUNCED);
      for (const socket of this.#sockets.values())
        socket.send(encodeLsdAnnounce(socket.group, { port, infoHashes, cookie: this.#cookie }));
    }
  }

  #received(bytes: Uint8Array, from: RemoteInfo): void {
    const announce = hearLsdAnnounce(bytes, from.address, this.#cookie);
    if (!announce) return;
    const heard = new Set(announce.infoHashes.map(toHex));
    const peer = { host: from.address, port: announce.port };
    for (const { member, infoHash, peers } of this.#joined) {
      if (!heard.has(infoHash) || peers.size >= MOST_PEERS) continue;
      peers.add(`${peer.host} ${peer.port}`);
      member.found([peer]);
    }
  }

  #status({ peers, dueAt }: Joined): DiscoveryStatus {
    const idle = dueAt === 0 ? 'waiting' : 'working';
    return { name: 'lsd', state: this.#error === undefined ? idle : 'failed', peers: peers.size, error: this.#error };
  }
}
