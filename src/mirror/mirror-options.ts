import type { Repos } from '../contracts/access.ts';
import type { DocumentStore } from '../contracts/catalog.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Counters } from '../contracts/counters.ts';
import type { Files } from '../contracts/files.ts';
import type { HubClient } from '../contracts/hub.ts';
import type { HotTable } from '../http/hot-table.ts';
import type { QuestionRate } from './question-budget.ts';

/** What the mirror works with. */
export interface MirrorOptions {
  readonly repos: Repos;
  readonly files: Files;
  readonly hub: HubClient;
  readonly documents: DocumentStore;
  readonly clock: Clock;
  /** Answers worth repeating without this mirror are put here. */
  readonly hot?: HotTable | undefined;
  /** What is served is counted here. */
  readonly counters?: Counters | undefined;
  /** Never ask the Hub: what is known is served whatever its age. */
  readonly offline?: boolean | undefined;
  /** What one client may have asked of the Hub's API. Default 10 per second, 1,000 at once. */
  readonly questions?: QuestionRate | undefined;
  /**
   * Base URL of this server as the client of a request should see it, without a slash at the end, for the links in
   * answers to that client. Nothing that is made of it is stored. Default: the origin of the request, which is its Host
   * header.
   */
  readonly publicUrl?: ((request: Request) => string) | undefined;
}
