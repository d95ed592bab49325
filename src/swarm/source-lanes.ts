import { leaveOnAbort } from '../base/leave-on-abort.ts';
import type { Clock } from '../contracts/clock.ts';
import type { RangeSource } from '../contracts/range-source.ts';
import { isSwarmError, SwarmError } from '../errors.ts';
import { ConnectionCount } from '../transfer/connection-count.ts';
import type { ActivePiece } from './active-piece.ts';
import type { SourceUse } from './peers-first.ts';
import type { Picker } from './picker.ts';
import { PieceLane } from './piece-lane.ts';
import type { PieceMap } from './piece-map.ts';
import type { PieceTable } from './piece-table.ts';
import { Rate } from './rate.ts';

/** A lane is to last about this long, within the bounds below: libtorrent's ranges have 16 MiB. */
const LANE_SECONDS = 4;
const SHORTEST_LANE = 16 * 1024 * 1024;
const LONGEST_LANE = 128 * 1024 * 1024;
const MOST_LANES = 8;
/** A lane that brought nothing for this long is ended. */
const STALL_MS = 20_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 60_000;
const JUDGE_MS = 100;
/** Answers in a row that cannot be right before a source is left. */
const MOST_INVALID = 3;

/** Somewhere that has the files of a torrent: a web seed, the Hub. */
export interface TorrentSource {
  /** Short and stable: `hub`, `web-seed:host`. */
  readonly name: string;
  /** The bytes of a file; undefined when it is not there. */
  fileSource(file: number): RangeSource | undefined;
}

/** How a source does, for status pages. */
export interface SourceStatus {
  readonly name: string;
  readonly lanes: number;
  readonly received: number;
  readonly bytesPerSecond: number;
  readonly error: string | undefined;
}

export interface SourceLanesOptions {
  readonly map: PieceMap;
  readonly table: PieceTable<object>;
  readonly picker: Picker;
  readonly clock: Clock;
  readonly urgent: () => Iterable<number>;
  readonly isExclusive: (piece: number) => boolean;
  /** Peers come first: what are sources read for now? Left out: for everything, always. */
  readonly use?: (() => SourceUse) | undefined;
  /** 0..1, for the place where sources begin when peers come first: who loads the same at the same time then has other pieces. */
  readonly random?: () => number;
  readonly throttle: (bytes: number, signal: AbortSignal) => Promise<void>;
  readonly onBlock: (active: ActivePiece<object>, block: number) => void;
  /** Pieces that lanes had taken are to be begun by whoever can. */
  readonly onFreed: () => void;
}

interface State {
  readonly source: TorrentSource;
  readonly lanes: Set<PieceLane>;
  readonly count: ConnectionCount;
  readonly received: Rate;
  /** Files that it turned out not to have. */
  readonly missing: Set<number>;
  pausedUntil: number;
  pause: number;
  invalid: number;
  /** The picker's state when it had nothing for this source. */
  nothingAt: number;
  isDropped: boolean;
  error: string | undefined;
}

/** Reads pieces from sources of ranges, in long runs, beside what peers bring. */
export class SourceLanes {
  readonly #options: SourceLanesOptions;
  readonly #states = new Set<State>();
  readonly #running = new Set<Promise<void>>();
  #room = Promise.withResolvers<void>();
  #use: SourceUse;
  readonly #origin: number;
  #isClosed = false;

  constructor(options: SourceLanesOptions) {
    this.#options = options;
    const { use, random = () => 0, map } = options;
    this.#use = use?.() ?? 'all';
    this.#origin = use ? Math.floor(random() * map.pieceCount) : 0;
    if (this.#use === 'none') void this.#judgeSoon();
  }

  /** Reads from one more source from now on. */
  add(source: TorrentSource): void {
    const { clock } = this.#options;
    this.#states.add({
      source,
      lanes: new Set(),
      count: new ConnectionCount({ clock, start: 2, most: MOST_LANES }),
      received: new Rate(clock),
      missing: new Set(),
      pausedUntil: 0,
      pause: FIRST_PAUSE_MS,
      invalid: 0,
      nothingAt: -1,
      isDropped: false,
      error: undefined,
    });
    this.pump();
  }

  get status(): SourceStatus[] {
    return [...this.#states].map(({ source, lanes, received, error }) => ({
      name: source.name,
      lanes: lanes.size,
      received: received.total,
      bytesPerSecond: received.perSecond,
      error,
    }));
  }

  /** A buffer is free again. */
  madeRoom(): void {
    this.#room.resolve();
    this.#room = Promise.withResolvers();
  }

  /** Starts lanes where there is something to bring. */
  pump(): void {
    for (const state of this.#states) while (this.#start(state));
  }

  /** To be called about once in a second: lanes that stand still are ended. */
  tick(): void {
    const before = this.#options.clock.now() - STALL_MS;
    for (const { lanes } of this.#states) {
      for (const lane of lanes) {
        if (!lane.isHeldBack && lane.progressAt < before) lane.stop('it brought nothing for 20 seconds');
      }
    }
    this.#judge();
    this.#takeUp();
    this.pump();
  }

  /** In the beginning each tenth of a second counts. */
  async #judgeSoon(): Promise<void> {
    while (this.#use === 'none' && !this.#isClosed) {
      await this.#options.clock.sleep(JUDGE_MS);
      this.#judge();
    }
    this.pump();
  }

  /** Are peers fast enough? What sources are at then ends with the piece that is coming. */
  #judge(): void {
    const before = this.#use;
    this.#use = this.#options.use?.() ?? 'all';
    if (this.#use === before) return;
    for (const state of this.#states) state.nothingAt = -1;
    for (const lane of this.#lanes()) if (this.#isLeftToPeers(lane.next)) this.#cut(lane, lane.next);
  }

  /** Pieces that somebody began and nobody goes on with: no peer has taken them up, so sources begin them anew. */
  #takeUp(): void {
    if (![...this.#states].some(({ isDropped }) => !isDropped)) return;
    const { table } = this.#options;
    for (const active of [...table.active.values()]) if (active.isIdle) table.drop(active);
  }

  /** A source lied. Returns whether `sender` is one. */
  ban(sender: object): boolean {
    const state = [...this.#states].find((candidate) => candidate === sender);
    if (state) this.#drop(state, 'it sent wrong bytes');
    return state !== undefined;
  }

  /** Half of the longest run that is not begun is given back, if `isUseful` says so of its last piece; false: there is none. */
  takeBack(isUseful: (piece: number) => boolean): boolean {
    const longest = this.#longest();
    if (!longest || !isUseful(longest.end - 1)) return false;
    // Whoever asked takes it: nobody else needs to hear of it.
    this.#free(longest, longest.end - Math.ceil(left(longest) / 2));
    return true;
  }

  /** A reader has come to another place: a lane that would bring it too late, or is in its way, ends with the piece that is coming. */
  hurry(): void {
    const { urgent, picker, table } = this.#options;
    for (const piece of urgent()) {
      if (table.active.has(piece)) continue;
      const owner = this.#lanes().find((lane) => piece >= lane.next && piece < lane.end);
      if (owner?.next === piece) continue;
      const inTheWay = owner ?? (picker.isCandidate(piece) ? this.#longest() : undefined);
      if (inTheWay) this.#cut(inTheWay, inTheWay.next);
      break;
    }
    this.pump();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { lanes } of this.#states) for (const lane of lanes) lane.stop('the torrent was stopped');
    await Promise.allSettled(this.#running);
  }

  #lanes(): PieceLane[] {
    return [...this.#states].flatMap(({ lanes }) => [...lanes]);
  }

  #longest(): PieceLane | undefined {
    return this.#lanes().reduce<PieceLane | undefined>(
      (longest, lane) => (left(lane) > (longest ? left(longest) : 0) ? lane : longest),
      undefined,
    );
  }

  #start(state: State): boolean {
    const { clock, picker, map } = this.#options;
    const isPaused = clock.now() < state.pausedUntil;
    if (this.#isClosed || state.isDropped || isPaused || state.lanes.size >= state.count.current) return false;
    const first = this.#firstPiece(state);
    if (first === undefined) return false;
    const longest = Math.min(LONGEST_LANE, Math.max(SHORTEST_LANE, state.received.perSecond * LANE_SECONDS));
    const most = Math.max(1, Math.floor(longest / map.pieceLength));
    let end = first;
    while (end - first < most && this.#isReadable(state, end)) picker.remove(end++);
    this.#run(state, first, end);
    return true;
  }

  #firstPiece(state: State): number | undefined {
    const { urgent, picker } = this.#options;
    for (const piece of urgent()) if (this.#isReadable(state, piece)) return piece;
    // An idle source helps those that have much to bring.
    const canHelp = (): boolean =>
      this.#use === 'all' && state.lanes.size === 0 && this.takeBack((piece) => this.#hasFiles(state, piece));
    if (state.nothingAt === picker.changes && !canHelp()) return undefined;
    const found = picker.firstCandidate((piece) => this.#isFree(state, piece), this.#origin);
    if (found === undefined) state.nothingAt = picker.changes;
    return found;
  }

  #isReadable(state: State, piece: number): boolean {
    return this.#options.picker.isCandidate(piece) && this.#isFree(state, piece);
  }

  /** Is the piece one that the source may bring? */
  #isFree(state: State, piece: number): boolean {
    return !this.#isLeftToPeers(piece) && this.#hasFiles(state, piece);
  }

  #isLeftToPeers(piece: number): boolean {
    return this.#use === 'none' || (this.#use === 'rest' && this.#options.picker.availability(piece) > 0);
  }

  #hasFiles(state: State, piece: number): boolean {
    return this.#options.map.slices(piece).every(({ file }) => this.#sourceOf(state, file) !== undefined);
  }

  #sourceOf({ source, missing }: State, file: number): RangeSource | undefined {
    return missing.has(file) ? undefined : source.fileSource(file);
  }

  #run(state: State, first: number, end: number): void {
    const { map, table, clock, isExclusive, throttle, onBlock } = this.#options;
    const lane = new PieceLane({
      map,
      table,
      clock,
      sender: state,
      sourceOf: (file) => this.#sourceOf(state, file),
      first,
      end,
      isExclusive,
      onBytes: (bytes, signal) => {
        state.received.add(bytes);
        state.count.arrived(bytes);
        return throttle(bytes, signal);
      },
      onBlock,
      waitForRoom: (signal) => this.#waitForRoom(signal),
    });
    state.lanes.add(lane);
    const work = lane
      .run()
      .then(
        () => this.#succeeded(state),
        (error) => this.#failed(state, lane, error),
      )
      .finally(() => {
        state.lanes.delete(lane);
        this.#running.delete(work);
        this.#cut(lane, lane.next);
        if (!this.#isClosed) this.pump();
      });
    this.#running.add(work);
  }

  async #waitForRoom(signal: AbortSignal): Promise<void> {
    await leaveOnAbort(this.#room.promise, signal);
  }

  #succeeded(state: State): void {
    state.pause = FIRST_PAUSE_MS;
    state.invalid = 0;
    state.error = undefined;
  }

  #failed(state: State, lane: PieceLane, reason: unknown): void {
    if (this.#isClosed) return;
    const error = isSwarmError(reason) ? reason : new SwarmError('INTERNAL', 'A source failed', { cause: reason });
    state.error = error.message;
    if (error.code === 'UPSTREAM_INVALID' || error.code === 'HUB_REFUSED') {
      state.missing.add(lane.file);
      if (++state.invalid >= MOST_INVALID && state.received.total === 0) this.#drop(state, error.message);
    }
    if (lane.received > 0) state.pause = FIRST_PAUSE_MS;
    const wait = Math.max(state.pause, (error.retryAfterSeconds ?? 0) * 1000);
    state.pausedUntil = this.#options.clock.now() + wait;
    state.pause = Math.min(LONGEST_PAUSE_MS, state.pause * 2);
  }

  #drop(state: State, reason: string): void {
    state.isDropped = true;
    state.error = reason;
    for (const lane of state.lanes) lane.stop(reason);
  }

  /** The pieces of a lane from `piece` on are to be begun by whoever can. */
  #cut(lane: PieceLane, piece: number): void {
    if (this.#free(lane, piece)) this.#options.onFreed();
  }

  #free(lane: PieceLane, piece: number): boolean {
    const { end } = lane;
    lane.cut(piece);
    for (let freed = lane.end; freed < end; freed++) this.#options.picker.add(freed);
    return lane.end < end;
  }
}

function left(lane: PieceLane): number {
  return lane.end - lane.next;
}
