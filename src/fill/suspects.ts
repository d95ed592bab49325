import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../contracts/clock.ts';
import { SwarmError } from '../errors.ts';

const SUSPECT_MS = 60 * 60 * 1000;
const LONGEST_PAUSE_MS = 10_000;
const FIRST_PAUSE_MS = 1000;
/** Beyond this many, the oldest are forgotten: the list must not grow with a hub that always lies. */
const MOST_SUSPECTS = 1000;

interface Suspect {
  readonly since: number;
  readonly failures: number;
}

/**
 * Files whose bytes did not match lately. For an hour, clients may hold a bad head of such a file, so ranges of it are
 * answered from byte 0. The list is kept on disk, because those clients outlive a restart of the server.
 */
export class Suspects {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #suspects: Map<string, Suspect>;
  #saving: Promise<void> = Promise.resolve();

  private constructor(path: string, clock: Clock, suspects: Map<string, Suspect>) {
    this.#path = path;
    this.#clock = clock;
    this.#suspects = suspects;
  }

  /** Reads the list at `path`; a missing or broken one is empty. */
  static async open(path: string, clock: Clock): Promise<Suspects> {
    const text = await readFile(path, 'utf8').catch(() => '[]');
    return new Suspects(path, clock, parse(text));
  }

  has(key: string): boolean {
    const suspect = this.#suspects.get(key);
    return suspect !== undefined && this.#clock.now() - suspect.since < SUSPECT_MS;
  }

  /** The bytes of `key` did not match. `isHubsFault`: it will hardly send others at once, and is left alone for a moment. */
  add(key: string, isHubsFault = true): void {
    const failures = (this.#suspects.get(key)?.failures ?? 0) + (isHubsFault ? 1 : 0);
    this.#suspects.delete(key);
    this.#suspects.set(key, { since: this.#clock.now(), failures });
    for (const oldest of this.#suspects.keys()) {
      if (this.#suspects.size <= MOST_SUSPECTS) break;
      this.#suspects.delete(oldest);
    }
    this.#save();
  }

  /** Refuses (INTEGRITY, with the seconds to wait) while it is too early to ask the Hub again; at most 10 s. */
  check(key: string, name: string): void {
    const suspect = this.#suspects.get(key);
    if (!suspect || suspect.failures === 0) return;
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (suspect.failures - 1));
    const remaining = suspect.since + pause - this.#clock.now();
    if (remaining <= 0 || remaining > LONGEST_PAUSE_MS) return;
    throw new SwarmError(
      'INTEGRITY',
      `${name}: the bytes that the Hub sent do not match its own hash; asking again soon`,
      {
        retryAfterSeconds: Math.ceil(remaining / 1000),
      },
    );
  }

  /** Resolves when the list is on disk. */
  close(): Promise<void> {
    return this.#saving;
  }

  #save(): void {
    const text = JSON.stringify([...this.#suspects]);
    this.#saving = this.#saving
      .then(async () => {
        await mkdir(dirname(this.#path), { recursive: true });
        await writeFile(`${this.#path}.new`, text);
        await rename(`${this.#path}.new`, this.#path);
      })
      .catch(() => {
        // A full disk must not turn a known mismatch into a crash; the list in memory still holds.
      });
  }
}

function parse(text: string): Map<string, Suspect> {
  const suspects = new Map<string, Suspect>();
  try {
    for (const [key, value] of JSON.parse(text) as [unknown, Partial<Suspect> | undefined][]) {
      if (typeof key !== 'string' || typeof value?.since !== 'number' || typeof value.failures !== 'number') continue;
      suspects.set(key, { since: value.since, failures: value.failures });
    }
  } catch {
    // Not ours or torn: start afresh.
  }
  return suspects;
}
