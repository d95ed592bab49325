import type { Clock } from '../contracts/clock.ts';
import { ExpiringMap } from '../repos/expiring-map.ts';
import type { Turn } from './question.ts';

/** Longer than it takes to find out where a file is to come from. */
const KEPT_MS = 60_000;
const MOST_KEPT = 10_000;
/** A clock that is further ahead than this is not followed. */
const MOST_AHEAD_MS = 24 * 60 * 60_000;

/** The turns of this server: when it began to look for which file. */
export class Turns {
  readonly server: string;
  readonly #clock: Clock;
  readonly #turns: ExpiringMap<Turn>;
  #latest = 0;

  constructor(server: string, clock: Clock) {
    this.server = server;
    this.#clock = clock;
    this.#turns = new ExpiringMap({ clock, capacity: MOST_KEPT });
  }

  /** This server begins to look for the file with this SHA-256. */
  begin(sha256: string): Turn {
    const turn = { server: this.server, time: Math.max(this.#clock.now(), this.#latest + 1) };
    this.#latest = turn.time;
    this.#turns.set(sha256, turn, KEPT_MS);
    return turn;
  }

  find(sha256: string): Turn | undefined {
    return this.#turns.get(sha256);
  }

  /** Another server's time was seen: turns that begin from now on come after it. */
  heard(time: number): void {
    if (time > this.#latest && time < this.#clock.now() + MOST_AHEAD_MS) this.#latest = time;
  }
}
