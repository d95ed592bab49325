import { leaveOnAbort } from '../base/leave-on-abort.ts';
import type { Clock } from '../contracts/clock.ts';
import type { PeerAddress } from '../contracts/connection.ts';
import type { DiscoverySession, DiscoveryStatus, SwarmMember } from '../contracts/discovery.ts';
import { SwarmError } from '../errors.ts';

const PAUSE_MS = 15 * 60_000;
const SHORTEST_PAUSE_MS = 60_000;
/** After a search that reached nobody; doubled each time. */
const FIRST_BACKOFF_MS = 15_000;
/** A popular swarm has more; nobody connects to so many. */
const MOST_PEERS = 1000;

/** Looks a member's swarm up and announces it there. Resolves with the number of nodes that answered. */
export type DhtSearch = (member: SwarmMember, onPeer: (peer: PeerAddress) => void) => Promise<number>;

/** Searches for the peers of one member now and every 15 minutes; sooner when no node could be reached. */
export class DhtSession implements DiscoverySession {
  readonly #member: SwarmMember;
  readonly #search: DhtSearch;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #pause = new AbortController();
  #searchedAt = 0;
  #dueAt = 0;
  #failures = 0;
  #peers = 0;
  #searched = false;

  constructor(member: SwarmMember, search: DhtSearch, clock: Clock) {
    this.#member = member;
    this.#search = search;
    this.#clock = clock;
    this.#running = this.#run().catch(() => {});
  }

  status(): readonly DiscoveryStatus[] {
    const failed = this.#failures > 0;
    const state = failed ? 'failed' : this.#searched ? 'working' : 'waiting';
    const error = failed ? 'No node of the DHT answered.' : undefined;
    return [{ name: 'dht', state, peers: this.#peers, error }];
  }

  completed(): void {}

  wantMore(): void {
    if (this.#failures > 0) return;
    this.#dueAt = Math.min(this.#dueAt, this.#searchedAt + SHORTEST_PAUSE_MS);
    this.#pause.abort();
  }

  async close(): Promise<void> {
    this.#stop.abort(new SwarmError('CLOSED', 'The search for peers was closed.'));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    for (;;) {
      await this.#round(signal);
      while (this.#clock.now() < this.#dueAt) {
        this.#pause = new AbortController();
        const either = AbortSignal.any([signal, this.#pause.signal]);
        await this.#clock.sleep(this.#dueAt - this.#clock.now(), either).catch(() => signal.throwIfAborted());
      }
    }
  }

  async #round(signal: AbortSignal): Promise<void> {
    const seen = new Set<string>();
    const onPeer = (peer: PeerAddress): void => {
      const key = `${peer.host} ${peer.port}`;
      if (signal.aborted || seen.has(key) || seen.size >= MOST_PEERS) return;
      seen.add(key);
      this.#peers = seen.size;
      this.#member.found([peer]);
    };
    this.#searchedAt = this.#clock.now();
    // Until it is over, `wantMore` has nothing to bring forward.
    this.#dueAt = Number.POSITIVE_INFINITY;
    const nodes = await leaveOnAbort(this.#search(this.#member, onPeer), signal);
    this.#searched = true;
    this.#peers = seen.size;
    this.#failures = nodes > 0 ? 0 : this.#failures + 1;
    const backoff = nodes > 0 ? PAUSE_MS : FIRST_BACKOFF_MS * 2 ** (this.#failures - 1);
    this.#dueAt = this.#clock.now() + Math.min(PAUSE_MS, backoff);
  }
}
