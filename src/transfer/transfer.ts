import type { Clock } from '../contracts/clock.ts';
import type { Part } from '../contracts/part.ts';
import type { RangeSource } from '../contracts/range-source.ts';
import { isSwarmError, SwarmError } from '../errors.ts';
import { Committer } from './committer.ts';
import type { ConnectionBudget } from './connection-budget.ts';
import { ConnectionCount } from './connection-count.ts';
import { Doubts } from './doubts.ts';
import { hedgeSpan, shouldSplit } from './impatience.ts';
import { Lane, type Throttle } from './lane.ts';
import { nextWork, URGENT_AHEAD } from './schedule.ts';
import { Setbacks } from './setbacks.ts';
import { type Span, SpanSet } from './span-set.ts';
import { Waiters } from './waiters.ts';

/** How often stuck readers, silent lanes and due commits are looked at. */
const TICK_MS = 500;
/** A span lasts about this long on one connection, within the bounds below. */
const SPAN_SECONDS = 1;
const SHORTEST_SPAN = 1024 * 1024;
const FIRST_SPAN = 4 * 1024 * 1024;
const LONGEST_SPAN = 64 * 1024 * 1024;

export interface TransferOptions {
  readonly part: Part;
  /** `org/model@commit/path`, for messages. */
  readonly name: string;
  readonly clock: Clock;
  /** Uniform in [0, 1), for jitter. */
  readonly random: () => number;
  /** Connections of the whole process. */
  readonly budget: ConnectionBudget;
  /** Connections of this transfer at most. */
  readonly mostConnections: number;
  readonly throttle: Throttle | undefined;
  /** How far background filling may go now; asked again at each step. */
  readonly backgroundEnd: () => number;
  /** Makes sure that the store has room for `bytes` more. Throws DISK_FULL. */
  readonly ensureRoom: (bytes: number) => Promise<void>;
  /** Bytes became readable; `newBytes` of them had not been there before. Those of earlier runs have no source. */
  readonly onProgress: (newBytes: number, source: RangeSource | undefined) => void;
  /** The transfer has ended for this reason; called once. */
  readonly onFailure: (reason: unknown) => void;
}

/** A reader's wish. Moving it on steers the transfer. */
export interface Demand {
  /** The reader has come to `position`. */
  move(position: number): void;
  close(): void;
}

/** What a transfer has done so far. */
export interface TransferCounters {
  readonly fetchedBytes: number;
  readonly requests: number;
  readonly hedgedBytes: number;
}

/**
 * Brings the bytes of one file in: reads spans from its sources, what readers wait for first, and keeps the durable
 * record of what has landed. It knows nothing of hashes: what is fetched, how far and what it means is the policy of its owner.
 */
export class Transfer {
  readonly held: SpanSet = new SpanSet();
  readonly #options: TransferOptions;
  readonly #doubts: Doubts;
  readonly #assigned = new SpanSet();
  readonly #demands = new Set<{ position: number; readonly end: number; readonly steersOnly: boolean }>();
  readonly #waiters = new Waiters();
  readonly #lanes = new Set<Lane>();
  readonly #count: ConnectionCount;
  readonly #setbacks: Setbacks;
  readonly #stop = new AbortController();
  readonly #wake = () => this.pump();
  /** The Hub, by the rights of several callers. */
  #sources: RangeSource[] = [];
  /** Others that are read from instead of it, and beside it. */
  readonly #helpers = new Map<RangeSource, 'instead' | 'beside' | 'dropped'>();
  #failure: unknown;
  #laneRate = 0;
  readonly #committer: Committer;
  #ticking = false;
  #fetched = 0;
  #requests = 0;
  #hedged = 0;

  constructor(options: TransferOptions) {
    this.#options = options;
    this.#doubts = new Doubts(options.part);
    this.#committer = new Committer(options.part, options.clock, (error) => this.fail(error));
    this.#setbacks = new Setbacks(options.clock, options.random);
    this.#count = new ConnectionCount({ clock: options.clock, start: 2, most: options.mostConnections });
    for (const { start, end } of options.part.trusted) this.held.add(start, end);
  }

  get size(): number {
    return this.#options.part.size;
  }

  get complete(): boolean {
    return this.held.bytes === this.size;
  }

  /** Why no more bytes will come, once that is so. */
  get failure(): unknown {
    return this.#failure;
  }

  get counters(): TransferCounters {
    return { fetchedBytes: this.#fetched, requests: this.#requests, hedgedBytes: this.#hedged };
  }

  /** Adds a source to read from; the newest is used first, since its right to the file is the freshest. */
  addSource(source: RangeSource): void {
    this.#sources.unshift(source);
    this.pump();
  }

  /**
   * Adds a source that is no Hub: read from `instead` of it, or `beside` it, until it fails for the first time. To be called after `addSource`, which is what is
   * gone back to.
   */
  addHelper(source: RangeSource, mode: 'instead' | 'beside'): void {
    this.#helpers.set(source, mode);
    this.pump();
  }

  /** Registers a reader's wish for `[position, end)`. `steersOnly`: the background brings what is not just ahead of it. */
  demand(position: number, end: number, { steersOnly = false }: { readonly steersOnly?: boolean } = {}): Demand {
    const window = { position, end: Math.min(end, this.size), steersOnly };
    this.#demands.add(window);
    this.pump();
    return {
      move: (to) => {
        window.position = to;
        if (this.#lacks(to, Math.min(window.end, to + URGENT_AHEAD))) this.pump();
      },
      close: () => this.#demands.delete(window),
    };
  }

  /** Waits for the byte at `position`. Rejects with the transfer's failure, or with `signal.reason`. */
  async wait(position: number, signal?: AbortSignal): Promise<void> {
    if (this.held.covers(position, position + 1)) return;
    if (this.#failure) throw this.#failure;
    const waiting = this.#waiters.wait(position, signal);
    if (this.#lacks(position, position + 1)) this.pump();
    await waiting;
  }

  /** How many bytes of `[start, end)` are neither held nor on their way. */
  missing(start: number, end: number): number {
    let count = 0;
    for (let position = start; position < end; ) {
      const here = Math.max(this.held.endOfRun(position), this.#assigned.endOfRun(position));
      const next = Math.min(end, this.held.nextStart(position), this.#assigned.nextStart(position));
      if (here === position) count += next - position;
      position = here === position ? next : here;
    }
    return count;
  }

  /** Is anything in `[start, end)` neither held nor on its way? Spares hundreds of readers at one place the full look-around. */
  #lacks(start: number, end: number): boolean {
    let position = start;
    while (position < end) {
      const next = Math.max(this.held.endOfRun(position), this.#assigned.endOfRun(position));
      if (next === position) return true;
      position = next;
    }
    return false;
  }

  /** Starts whatever there is to do and room to do it. Called whenever something changed; cheap when nothing did. */
  pump(): void {
    while (this.#failure === undefined && this.#setbacks.remainingPause <= 0) {
      const source = this.#nextSource();
      if (!source) return;
      const work = nextWork({
        held: this.held,
        doubted: this.#doubts.spans,
        assigned: this.#assigned,
        demands: this.#demands,
        backgroundEnd: Math.min(this.size, this.#options.backgroundEnd()),
        spanLength: this.#helpers.get(source) === 'beside' ? SHORTEST_SPAN : this.#spanLength(),
      });
      if (!work) return;
      if (work.kind === 'check') {
        if (this.#doubts.busy) return;
        void this.#check(work.start);
        continue;
      }
      const most = work.urgent ? this.#options.mostConnections : this.#count.current;
      if (this.#lanes.size >= most || !this.#options.budget.tryTake(this.#wake)) return;
      void this.#fetch(this.#lane(source, work));
    }
  }

  /** The Hub, or what stands in for it; or a helper beside them that has fewer lanes. */
  #nextSource(): RangeSource | undefined {
    const [hub] = this.#sources;
    if (!hub || this.#helpers.size === 0) return hub;
    const helpers = [...this.#helpers];
    const [instead] = helpers.flatMap(([source, mode]) => (mode === 'instead' ? [source] : []));
    const beside = helpers.flatMap(([source, mode]) => (mode === 'beside' ? [source] : []));
    const lanes = [...this.#lanes].map(({ source }) => source);
    const lanesOf = (source: RangeSource): number => lanes.filter((other) => other === source).length;
    return beside.reduce((best, source) => (lanesOf(source) < lanesOf(best) ? source : best), instead ?? hub);
  }

  /** Flushes and records what has landed. */
  commit(): Promise<void> {
    return this.#committer.commit();
  }

  /** Ends the transfer: lanes stop, waiting readers get `reason`. What has landed stays in the part. */
  fail(reason: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = reason;
    this.#options.budget.forget(this.#wake);
    this.#stop.abort(reason);
    for (const lane of this.#lanes) lane.stop();
    this.#waiters.fail(reason);
    this.#options.onFailure(reason);
  }

  #lane(source: RangeSource, span: Span, hedgeOf?: Lane): Lane {
    const { part, clock, throttle } = this.#options;
    return new Lane(
      {
        source,
        part,
        start: span.start,
        end: span.end,
        clock,
        throttle,
        onWritten: (lane, start, end) => this.#landed(lane, start, end),
      },
      hedgeOf,
    );
  }

  async #fetch(lane: Lane): Promise<void> {
    this.#lanes.add(lane);
    this.#assigned.add(lane.start, lane.end);
    this.#requests++;
    this.#startTicking();
    try {
      await this.#options.ensureRoom(lane.end - lane.start);
      await lane.run();
      this.#setbacks.succeeded();
      this.#laneRate = this.#laneRate === 0 ? lane.rate() : (this.#laneRate + lane.rate()) / 2;
    } catch (error) {
      if (!lane.stopped) this.#laneFailed(lane, error);
    } finally {
      this.#lanes.delete(lane);
      this.#releaseAssigned(lane);
      this.#options.budget.release();
      this.pump();
    }
  }

  /** The bytes that the lane did not bring are free again, except where another lane is at work on them. */
  #releaseAssigned(lane: Lane): void {
    this.#assigned.delete(lane.start, lane.end);
    for (const other of this.#lanes) this.#assigned.add(other.written, other.end);
  }

  #landed(lane: Lane, start: number, end: number): void {
    this.#fetched += end - start;
    const before = this.held.bytes;
    this.held.add(start, end);
    this.#count.arrived(end - start);
    this.#settleHedge(lane);
    this.#waiters.wake((position) => this.held.covers(position, position + 1));
    this.#committer.poke();
    this.#options.onProgress(this.held.bytes - before, lane.source);
  }

  /** Of a lane and its second try, the first that brings bytes goes on, and the other ends. */
  #settleHedge(winner: Lane): void {
    for (const lane of this.#lanes) {
      if (lane !== winner && (lane.hedgeOf === winner || winner.hedgeOf === lane)) lane.stop();
    }
  }

  #laneFailed(lane: Lane, error: unknown): void {
    const fatal = !isSwarmError(error) || error.code === 'DISK_FULL' || error.code === 'INTERNAL';
    if (fatal) {
      this.fail(error);
    } else if (this.#helpers.has(lane.source)) {
      // What it did not bring comes from the others, at once.
      this.#helpers.set(lane.source, 'dropped');
    } else if (error.code === 'HUB_REFUSED') {
      this.#sources = this.#sources.filter((source) => source !== lane.source);
      if (this.#sources.length === 0) this.fail(error);
    } else if (this.#setbacks.failed(error, lane.written - lane.start)) {
      // The next try goes to another source, if there is one.
      this.#sources.push(...this.#sources.splice(this.#sources.indexOf(lane.source), 1));
      this.#pause().then(this.#wake, () => {});
    } else {
      this.fail(error);
    }
  }

  /** Timers may fire before the clock says so, and nobody else would wake a transfer without lanes. */
  async #pause(): Promise<void> {
    for (let left = this.#setbacks.remainingPause; left > 0; left = this.#setbacks.remainingPause) {
      await this.#options.clock.sleep(left + 1, this.#stop.signal);
    }
  }

  /** Compares what the journal says of `position` with the disk: it is held afterwards, or missing. */
  async #check(position: number): Promise<void> {
    const span = this.#doubts.at(position);
    if (!span) return;
    this.#assigned.add(span.start, span.end);
    try {
      if (await this.#doubts.settle(span)) this.held.add(span.start, span.end);
    } catch (error) {
      this.fail(error);
    }
    this.#assigned.delete(span.start, span.end);
    this.#waiters.wake((waiting) => this.held.covers(waiting, waiting + 1));
    this.#options.onProgress(0, undefined);
    this.pump();
  }

  #spanLength(): number {
    if (this.#laneRate === 0) return FIRST_SPAN;
    const length = Math.min(LONGEST_SPAN, Math.max(SHORTEST_SPAN, this.#laneRate * SPAN_SECONDS));
    return Math.ceil(length / SHORTEST_SPAN) * SHORTEST_SPAN;
  }

  #startTicking(): void {
    if (this.#ticking) return;
    this.#ticking = true;
    void this.#tick();
  }

  async #tick(): Promise<void> {
    const { clock, part } = this.#options;
    while (this.#lanes.size > 0 && this.#failure === undefined) {
      await clock.sleep(TICK_MS);
      this.#committer.poke();
      this.#helpStuckReaders();
    }
    this.#ticking = false;
    if (part.uncommitted > 0 && this.#failure === undefined) await this.commit();
  }

  #helpStuckReaders(): void {
    const now = this.#options.clock.now();
    for (const lane of [...this.#lanes]) {
      const position = this.#waiters.firstWithin(lane.received, lane.end);
      if (position === undefined || lane.hedgeOf) continue;
      if (shouldSplit(lane, position, now)) this.#split(lane, position);
      else this.#hedge(lane, now);
    }
  }

  #split(lane: Lane, position: number): void {
    const oldEnd = lane.end;
    lane.cut(position);
    this.#assigned.delete(lane.end, oldEnd);
    this.pump();
  }

  #hedge(lane: Lane, now: number): void {
    for (const other of this.#lanes) if (other.hedgeOf === lane) return;
    const span = hedgeSpan(lane, now, this.size, this.#hedged);
    const source = this.#sources.find((candidate) => candidate !== lane.source) ?? this.#sources[0];
    if (!span || !source || !this.#options.budget.tryTake(this.#wake)) return;
    this.#hedged += span.end - span.start;
    void this.#fetch(this.#lane(source, span, lane));
  }

  /** Ends the transfer and commits what has landed. */
  async close(): Promise<void> {
    this.fail(new SwarmError('CLOSED', `${this.#options.name}: the transfer was closed`));
    await this.#committer.settled;
  }
}
