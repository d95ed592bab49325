import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../src/base/silent-logger.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { openCatalog } from '../../src/catalog/catalog.ts';
import type { Repos } from '../../src/contracts/access.ts';
import type { Catalog } from '../../src/contracts/catalog.ts';
import type { Clock } from '../../src/contracts/clock.ts';
import type { RepoRef } from '../../src/contracts/domain.ts';
import type { HubClient } from '../../src/contracts/hub.ts';
import { createHubClient } from '../../src/hub/hub-client.ts';
import { createRepos, type ReposOptions } from '../../src/repos/repos.ts';
import { createSampleHub, type SampleHub, type SampleHubOptions } from '../../src/sample-hub/index.ts';

/** The real clock, moved forward at will. Sleeps last as long as they say. */
export interface MovableClock extends Clock {
  advance(seconds: number): void;
}

export function movableClock(): MovableClock {
  let moved = 0;
  return {
    now: () => systemClock.now() + moved,
    sleep: systemClock.sleep,
    advance: (seconds) => {
      moved += seconds * 1000;
    },
  };
}

/** A sample hub, a real client of it, a real catalogue, and repos on top. */
export interface ReposFixture extends AsyncDisposable {
  readonly hub: SampleHub;
  readonly client: HubClient;
  readonly catalog: Catalog;
  readonly clock: MovableClock;
  readonly repos: Repos;
  /** Another instance on the same catalogue: a restart, or other options. */
  reopen(options?: Partial<ReposOptions>): Repos;
  /** Requests that the hub and its CDN have answered since the last call: token, method, path. */
  takeRequests(): string[];
}

/** `wrap` may stand between repos and the client of the hub, to hold calls back or to count them. */
export async function openReposFixture(
  hubOptions: SampleHubOptions,
  { wrap = (client) => client, ...options }: Partial<ReposOptions> & { wrap?: (client: HubClient) => HubClient } = {},
): Promise<ReposFixture> {
  const clock = movableClock();
  const hub = await createSampleHub(hubOptions);
  const client = createHubClient({ endpoint: hub.url, clock, attempts: 1 });
  const folder = await mkdtemp(join(tmpdir(), 'modelswarm-repos-'));
  const catalog = openCatalog({ path: join(folder, 'catalog.sqlite'), clock, logger: silentLogger });
  const reopen = (other: Partial<ReposOptions> = {}): Repos =>
    createRepos({ hub: wrap(client), refs: catalog, clock, logger: silentLogger, ...options, ...other });
  return {
    hub,
    client,
    catalog,
    clock,
    repos: reopen(),
    reopen,
    takeRequests() {
      const taken = hub.requests.map(
        ({ method, url, token = 'anonymous' }) => `${token} ${method} ${url.split('?')[0]}`,
      );
      hub.resetCounters();
      return taken;
    },
    async [Symbol.asyncDispose]() {
      catalog.close();
      await client.close();
      await hub.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export const model = (id: string): RepoRef => ({ type: 'models', id });
