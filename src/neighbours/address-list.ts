import type { Clock } from '../contracts/clock.ts';

/** A neighbour that did not answer is not asked for this long. */
const FAILED_MS = 30_000;
/** One that sent wrong bytes. */
const DISTRUSTED_MS = 60 * 60_000;
/** The local network is told every five minutes: who missed three of these has gone. */
const SILENT_MS = 16 * 60_000;
/** Found ones, at most. */
const MOST_FOUND = 16;

interface Entry {
  readonly base: URL;
  /** Infinity for one that was configured. */
  heardAt: number;
  leftAloneUntil: number;
}

/** The servers near by that may be asked: configured ones, and those that were found on the local network. */
export class AddressList {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor(configured: readonly string[], clock: Clock) {
    this.#clock = clock;
    for (const text of configured) this.#put(new URL(text), Number.POSITIVE_INFINITY);
  }

  /** A server was heard on the network. Returns its address if it is new. */
  found(host: string, port: number): URL | undefined {
    const text = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
    // Link-local IPv6 addresses have no URL.
    if (!URL.canParse(text)) return undefined;
    const base = new URL(text);
    const known = this.#entries.get(base.origin);
    if (known) known.heardAt = Math.max(known.heardAt, this.#clock.now());
    if (known || this.#countFound() >= MOST_FOUND) return undefined;
    this.#put(base, this.#clock.now());
    return base;
  }

  /** Those that may be asked now. */
  usable(): URL[] {
    const now = this.#clock.now();
    for (const [key, { heardAt }] of this.#entries) if (now - heardAt > SILENT_MS) this.#entries.delete(key);
    return [...this.#entries.values()].filter(({ leftAloneUntil }) => leftAloneUntil <= now).map(({ base }) => base);
  }

  failed(base: URL): void {
    this.#leaveAlone(base, FAILED_MS);
  }

  distrust(base: URL): void {
    this.#leaveAlone(base, DISTRUSTED_MS);
  }

  /** It is this server itself. */
  remove(base: URL): void {
    this.#leaveAlone(base, Number.POSITIVE_INFINITY);
  }

  #put(base: URL, heardAt: number): void {
    this.#entries.set(base.origin, { base, heardAt, leftAloneUntil: 0 });
  }

  #leaveAlone(base: URL, milliseconds: number): void {
    const entry = this.#entries.get(base.origin);
    if (entry) entry.leftAloneUntil = Math.max(entry.leftAloneUntil, this.#clock.now() + milliseconds);
  }

  #countFound(): number {
    let count = 0;
    for (const { heardAt } of this.#entries.values()) if (heardAt !== Number.POSITIVE_INFINITY) count++;
    return count;
  }
}
