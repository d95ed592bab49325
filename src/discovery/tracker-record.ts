import type { DiscoveryStatus } from '../contracts/discovery.ts';
import { isSwarmError } from '../errors.ts';
import type { AnnounceAnswer, AnnounceEvent, TrackerClient } from './tracker-client.ts';
import { trackerName } from './tracker-error.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const SHORTEST_PAUSE_MS = MINUTE;
const LONGEST_PAUSE_MS = HOUR;
const DEFAULT_PAUSE_MS = 30 * MINUTE;
const FIRST_BACKOFF_MS = 15 * SECOND;
const LONGEST_BACKOFF_MS = 30 * MINUTE;
/** For what a tracker asks of us itself. */
const LONGEST_WISH_MS = 24 * HOUR;

/** What is known of one tracker of one torrent: what it was told, when it may be asked, what it said. */
export class TrackerRecord {
  readonly url: string;
  readonly client: TrackerClient;
  /** It may count us as a member of the swarm. */
  knowsUs = false;
  trackerId: Uint8Array | undefined;
  #started = false;
  #completed = false;
  #failures = 0;
  /** Milliseconds since the epoch: the earliest, and the best time for the next announce. */
  #mayAskAt = 0;
  #dueAt = 0;
  #answer: AnnounceAnswer | undefined;
  #error: string | undefined;

  constructor(url: string, client: TrackerClient) {
    this.url = url;
    this.client = client;
  }

  /** It failed not long ago: it is left alone until then. */
  get retryAt(): number {
    return this.#failures === 0 ? 0 : this.#dueAt;
  }

  get dueAt(): number {
    return this.#dueAt;
  }

  get mayAskAt(): number {
    return this.#mayAskAt;
  }

  /** What it has to be told next. */
  get event(): AnnounceEvent | undefined {
    if (!this.#started) return 'started';
    return this.#completed ? 'completed' : undefined;
  }

  /** The download has come to its end. Returns whether the tracker has to be told: when it was told that there is one. */
  complete(): boolean {
    this.#completed = this.knowsUs;
    return this.#completed;
  }

  succeeded(answer: AnnounceAnswer, event: AnnounceEvent | undefined, now: number): void {
    this.#started = true;
    if (event === 'completed') this.#completed = false;
    this.#failures = 0;
    this.#error = undefined;
    this.#answer = answer;
    this.trackerId = answer.trackerId ?? this.trackerId;
    const pause = answer.interval === undefined ? DEFAULT_PAUSE_MS : answer.interval * SECOND;
    const shortest = clamp((answer.minInterval ?? 0) * SECOND, SHORTEST_PAUSE_MS, LONGEST_WISH_MS);
    this.#mayAskAt = now + shortest;
    this.#dueAt = now + Math.max(shortest, clamp(pause, SHORTEST_PAUSE_MS, LONGEST_PAUSE_MS));
  }

  failed(error: unknown, now: number): void {
    this.knowsUs = this.#started;
    this.#completed &&= this.#started;
    this.#error = error instanceof Error ? error.message : String(error);
    const backoff = Math.min(FIRST_BACKOFF_MS * 2 ** this.#failures, LONGEST_BACKOFF_MS);
    this.#failures += 1;
    const wish = isSwarmError(error) ? (error.retryAfterSeconds ?? 0) * SECOND : 0;
    this.#dueAt = now + clamp(wish, backoff, LONGEST_WISH_MS);
    this.#mayAskAt = this.#dueAt;
  }

  status(): DiscoveryStatus {
    const idle = this.#answer === undefined ? 'waiting' : 'working';
    return {
      name: trackerName(this.url),
      state: this.#error === undefined ? idle : 'failed',
      peers: this.#answer?.peers.length ?? 0,
      seeds: this.#answer?.seeds,
      leechers: this.#answer?.leechers,
      error: this.#error,
    };
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
