import { SingleFlight } from '../base/single-flight.ts';
import type { RefStore } from '../contracts/catalog.ts';
import type { Clock } from '../contracts/clock.ts';
import type { HubClient } from '../contracts/hub.ts';
import { isSwarmError, SwarmError } from '../errors.ts';
import { repoName } from '../hub-format/repo-id.ts';
import type { AccessClass } from './access-class.ts';
import { ExpiringMap } from './expiring-map.ts';
import type { FoundFile } from './knowledge.ts';
import { lookUpKey } from './look-up-key.ts';
import { isOutage, notHeldOffline } from './refusals.ts';

/** A file that somebody was granted, and as whom. */
export interface GrantedFile extends FoundFile {
  readonly access: 'public' | 'restricted';
  readonly who: AccessClass;
  /** For restricted files that the Hub shows to this token only. */
  readonly token?: string | undefined;
}

export interface ServableProofOptions {
  readonly hub: HubClient;
  readonly refs: RefStore;
  readonly clock: Clock;
  /** The Hub may not be asked. */
  readonly offline: boolean;
}

const REMEMBERED_PROOFS = 20_000;

// A forged pointer costs the Hub a few questions per this time, however often it is asked for. Its CDN answers for a
// missing object much like one that is down, so failures of that kind are forgotten sooner.
const FAILURE_LIFE = 30_000;
const OUTAGE_LIFE = 5000;

/**
 * Proofs that the Hub can serve what an LFS pointer names. Anybody can commit a pointer to bytes that only others may
 * read; the Hub lists it, and has no object behind it in that repo. Before held bytes are handed out for it, the Hub must
 * have served at least one of them: for a public repo to anybody (the object is the repo's then, under whatever path and
 * commit; this is kept in the catalogue), for a restricted one to this very caller at this path (in memory).
 */
export class ServableProofs {
  readonly #options: ServableProofOptions;
  readonly #flights = new SingleFlight<void>();
  readonly #restricted: ExpiringMap<true>;
  readonly #failures: ExpiringMap<SwarmError>;

  constructor(options: ServableProofOptions) {
    this.#options = options;
    this.#restricted = new ExpiringMap({ clock: options.clock, capacity: REMEMBERED_PROOFS });
    this.#failures = new ExpiringMap({ clock: options.clock, capacity: REMEMBERED_PROOFS });
  }

  /** Plain files need none: their content id names the repo. Nor do empty ones: there is nothing to give away. */
  isProven(file: GrantedFile): boolean {
    const { sha256, size } = file.entry;
    if (sha256 === undefined || size === 0) return true;
    return file.access === 'public'
      ? this.#options.refs.servable(file.repo, sha256)
      : this.#restricted.get(proofKey(file)) === true;
  }

  note(file: GrantedFile): void {
    const { sha256 } = file.entry;
    if (sha256 === undefined || this.isProven(file)) return;
    if (file.access === 'public') this.#options.refs.putServable(file.repo, sha256);
    else this.#restricted.set(proofKey(file), true, Number.POSITIVE_INFINITY);
  }

  /** Asks the Hub, if need be. Throws HUB_REFUSED, INTEGRITY, OFFLINE, RATE_LIMITED, UPSTREAM_*. */
  async verify(file: GrantedFile): Promise<void> {
    if (this.isProven(file)) return;
    if (this.#options.offline) throw notHeldOffline(file.repo, file.commit, file.entry.path);
    const key = proofKey(file);
    const failure = this.#failures.get(key);
    if (failure) throw failure;
    await this.#flights.run(key, async () => {
      try {
        const location = file.isResolved ? file.location : await this.#resolve(file);
        await this.#readOneByte(file, location);
        this.note(file);
      } catch (error) {
        if (isSwarmError(error)) this.#failures.set(key, error, isOutage(error) ? OUTAGE_LIFE : FAILURE_LIFE);
        throw error;
      }
    });
  }

  async #resolve({ repo, commit, entry, token }: GrantedFile): Promise<string | undefined> {
    const resolved = await this.#options.hub.resolveFile(repo, commit, entry.path, { token, priority: 'known' });
    if (resolved.commit === commit && resolved.sha256 === entry.sha256 && resolved.size === entry.size)
      return resolved.location;
    const message = `${repoName(repo)}@${commit}/${entry.path}: the Hub's /resolve names other bytes than its listing. Try again later.`;
    throw new SwarmError('INTEGRITY', message);
  }

  async #readOneByte({ repo, commit, entry, token }: GrantedFile, location: string | undefined): Promise<void> {
    const source = this.#options.hub.source({ repo, commit, path: entry.path, size: entry.size }, { token, location });
    const { signal } = new AbortController();
    for await (const chunk of source.read(0, 1, { signal })) if (chunk.length > 0) return;
    const message = `${repoName(repo)}@${commit}/${entry.path}: the Hub sent no bytes of this file.`;
    throw new SwarmError('UPSTREAM_INVALID', message);
  }
}

function proofKey({ repo, commit, entry, who }: GrantedFile): string {
  return lookUpKey(repo, who, commit, entry.path);
}
