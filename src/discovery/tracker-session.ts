import { leaveOnAbort } from '../base/leave-on-abort.ts';
import type { Clock } from '../contracts/clock.ts';
import type { DiscoverySession, DiscoveryStatus, SwarmMember } from '../contracts/discovery.ts';
import { SwarmError } from '../errors.ts';
import { withDeadline } from './deadline.ts';
import type { AnnounceAnswer, AnnounceEvent } from './tracker-client.ts';
import type { TrackerRecord } from './tracker-record.ts';
import { TrackerTiers } from './tracker-tiers.ts';

const WANTED = 100;
/** So long may "stopped" take, for all trackers together. */
const FAREWELL_MS = 3000;

export interface TrackerSessionOptions {
  readonly tiers: readonly (readonly TrackerRecord[])[];
  readonly clock: Clock;
  /** 0 up to 1. */
  readonly random: () => number;
  /** Resolves when an announce to this tracker may be made. */
  readonly budget: (url: string) => Promise<void>;
}

/** Announces one member to its trackers, one of them at a time, until it is closed. */
export class TrackerSession implements DiscoverySession {
  readonly #member: SwarmMember;
  readonly #clock: Clock;
  readonly #budget: (url: string) => Promise<void>;
  readonly #tiers: TrackerTiers<TrackerRecord>;
  readonly #key: number;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #closing: Promise<void> | undefined;
  /** The tracker that answered last; when none did, the next round is at `#retryAt`. */
  #current: TrackerRecord | undefined;
  #retryAt = 0;
  /** Ends the pause, so that it is reckoned anew. */
  #pause = new AbortController();
  /** There is something to tell at once. */
  #urgent = false;
  #hungry = false;

  constructor(member: SwarmMember, options: TrackerSessionOptions) {
    this.#member = member;
    this.#clock = options.clock;
    this.#budget = options.budget;
    this.#tiers = new TrackerTiers(options.tiers, options.random);
    this.#key = Math.floor(options.random() * 2 ** 32);
    this.#running = this.#run();
  }

  status(): readonly DiscoveryStatus[] {
    return this.#tiers.inOrder().map((tracker) => tracker.status());
  }

  completed(): void {
    for (const tracker of this.#tiers.inOrder()) this.#urgent = tracker.complete() || this.#urgent;
    if (this.#urgent) this.#pause.abort();
  }

  wantMore(): void {
    this.#hungry = true;
    this.#pause.abort();
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    if (this.#tiers.inOrder().length === 0) return;
    while (!signal.aborted) {
      await this.#round();
      while (!signal.aborted && this.#clock.now() < this.#dueAt()) await this.#rest();
    }
  }

  async #rest(): Promise<void> {
    this.#pause = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, this.#pause.signal]);
    await this.#clock.sleep(this.#dueAt() - this.#clock.now(), signal).catch(() => {});
  }

  #dueAt(): number {
    if (this.#urgent) return 0;
    if (!this.#current) return this.#retryAt;
    return this.#hungry ? this.#current.mayAskAt : this.#current.dueAt;
  }

  /** Asks one tracker after the other, until one answers. */
  async #round(): Promise<void> {
    this.#urgent = false;
    this.#hungry = false;
    this.#current = undefined;
    for (const tracker of this.#tiers.inOrder()) {
      if (this.#clock.now() < tracker.retryAt) continue;
      if (await this.#ask(tracker)) return;
      if (this.#stop.signal.aborted) return;
    }
    this.#retryAt = Math.min(...this.#tiers.inOrder().map(({ retryAt }) => retryAt));
  }

  async #ask(tracker: TrackerRecord): Promise<boolean> {
    const { signal } = this.#stop;
    try {
      await leaveOnAbort(this.#budget(tracker.url), signal);
      const { event } = tracker;
      tracker.knowsUs = true;
      const answer = await leaveOnAbort(this.#announce(tracker, event, signal), signal);
      tracker.succeeded(answer, event, this.#clock.now());
      this.#tiers.promote(tracker);
      this.#current = tracker;
      this.#member.found(answer.peers);
      return true;
    } catch (error) {
      if (!signal.aborted) tracker.failed(error, this.#clock.now());
      return false;
    }
  }

  #announce(tracker: TrackerRecord, event: AnnounceEvent | undefined, signal: AbortSignal): Promise<AnnounceAnswer> {
    const { infoHash, peerId, port } = this.#member;
    const { trackerId } = tracker;
    const wanted = event === 'stopped' ? 0 : WANTED;
    const stats = this.#member.stats();
    const request = { infoHash, peerId, port, stats, event, wanted, key: this.#key, trackerId };
    return tracker.client.announce(tracker.url, request, signal);
  }

  async #end(): Promise<void> {
    this.#stop.abort(new SwarmError('CLOSED', 'The search for peers was closed.'));
    await this.#running;
    const { signal } = new AbortController();
    const late = (): Error => new SwarmError('CLOSED', 'The tracker was not told in time.');
    const farewells = this.#tiers
      .inOrder()
      .filter(({ knowsUs }) => knowsUs)
      .map((tracker) =>
        withDeadline({ clock: this.#clock, milliseconds: FAREWELL_MS, signal, late }, async (signal) => {
          await leaveOnAbort(this.#budget(tracker.url), signal);
          await this.#announce(tracker, 'stopped', signal);
        }),
      );
    await Promise.allSettled(farewells);
  }
}
