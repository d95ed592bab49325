import { ClientBuckets } from '../base/token-bucket.ts';
import type { Clock } from '../contracts/clock.ts';
import { isSwarmError, SwarmError } from '../errors.ts';

/** What a look-up goes after, by what this server knows already. */
export type LookUpKind =
  /** What is known is asked again. Free. */
  | 'refresh'
  /** A revision or a path that is not known, of a repo that is. */
  | 'new-path'
  /** A repo that is not in the catalogue. */
  | 'new-repo'
  /** A token that the Hub has not accepted lately. */
  | 'new-token';

/** Look-ups that the Hub may refuse to one client: `burst` at once, then `perSecond`. Successful ones do not count. */
export interface LookUpBudget {
  readonly perSecond: number;
  readonly burst: number;
}

export interface BudgetOptions {
  /** Default 3,000 in 5 minutes, 500 at once: the Hub's whole anonymous quota. */
  readonly newRepos?: LookUpBudget | undefined;
  /** Default 3,000 in 5 minutes, 1,000 at once: a thousand people behind one address may come in one morning. */
  readonly newTokens?: LookUpBudget | undefined;
  /** Default 1,000 in 5 minutes, 500 at once: what a repo lacks is remembered, so honest clients ask once. */
  readonly newPaths?: LookUpBudget | undefined;
}

/** As the Hub client has it: `known` has a reserved part of the quota, and does not queue behind `unknown`. */
export type Priority = 'known' | 'unknown';

type Bounded = Exclude<LookUpKind, 'refresh'>;

/**
 * Keeps floods of made-up names, paths and tokens away from the Hub and from everybody else: each client has a budget of
 * look-ups that fail. What is known passes freely. (How many look-ups of the unknown run at once is the Hub client's say.)
 */
export class Budgets {
  readonly #clients: Readonly<Record<Bounded, ClientBuckets>>;

  constructor(options: BudgetOptions & { readonly clock: Clock }) {
    const { clock } = options;
    this.#clients = {
      'new-repo': new ClientBuckets({ clock, ...(options.newRepos ?? { perSecond: 10, burst: 500 }) }),
      'new-token': new ClientBuckets({ clock, ...(options.newTokens ?? { perSecond: 10, burst: 1000 }) }),
      'new-path': new ClientBuckets({ clock, ...(options.newPaths ?? { perSecond: 3.3, burst: 500 }) }),
    };
  }

  /**
   * Runs a look-up for a client (an address). It stays charged only when the Hub refused: it threw HUB_REFUSED, or
   * `isRefused` says so of its result. Throws RATE_LIMITED when the client has nothing left.
   */
  async run<T>(
    kind: LookUpKind,
    client: string,
    lookUp: (priority: Priority) => Promise<T>,
    isRefused: (result: T) => boolean = () => false,
  ): Promise<T> {
    if (kind === 'refresh') return lookUp('known');
    const bucket = this.#clients[kind].of(client);
    const wait = bucket.tryTake(1);
    if (wait > 0) throw exhausted(kind, wait);
    let charged = false;
    try {
      const result = await lookUp(kind === 'new-path' ? 'known' : 'unknown');
      charged = isRefused(result);
      return result;
    } catch (error) {
      charged = isSwarmError(error, 'HUB_REFUSED');
      throw error;
    } finally {
      if (!charged) bucket.giveBack(1);
    }
  }
}

const WHAT: Readonly<Record<Bounded, string>> = {
  'new-repo': 'repos that do not exist or are not open to it',
  'new-token': 'tokens that the Hub refuses',
  'new-path': 'files and revisions that do not exist',
};

function exhausted(kind: Bounded, waitMilliseconds: number): SwarmError {
  return new SwarmError('RATE_LIMITED', `This client has asked for too many ${WHAT[kind]}. Try again shortly.`, {
    retryAfterSeconds: Math.max(1, Math.ceil(waitMilliseconds / 1000)),
  });
}
