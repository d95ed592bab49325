import { expect, onTestFinished, test } from 'vitest';
import type { Logger } from '../../src/contracts/logger.ts';
import type { SampleHub, SampleHubOptions } from '../../src/sample-hub/index.ts';
import { movableClock } from '../support/repos-fixture.ts';
import { type Asked, ask, sampleHub } from '../support/sample-hub.ts';
import { startMirror } from '../support/start-server.ts';

const READER = `hf_${'Reader'.repeat(6)}`;
const STRANGER = `hf_${'Stranger'.repeat(5)}`;
const IMPOSTOR = `hf_${'Impostor'.repeat(5)}`;
const FORGER = `hf_${'Forger'.repeat(6)}`;
/** Everybody whom the Hub refuses: no token, a good token without rights, a token that does not exist. */
const OTHERS = [undefined, STRANGER, IMPOSTOR];

// One file on each of the two ways that bytes come in (up to 1 MiB in memory, above in parts), and one plain one.
const SECRET = 'only for those whom the Hub let in. ';
const files = {
  'small.bin': SECRET.repeat(100),
  'large.bin': SECRET.repeat(60_000),
  'config.json': JSON.stringify({ secret: SECRET }),
};
const PATHS = Object.keys(files);
const gated = { name: 'org/gated', gated: 'manual' as const, files };
const hidden = { name: 'org/private', private: true, files };
const closed = ['org/gated', 'org/private'];

interface World {
  readonly hub: SampleHub;
  readonly url: string;
  readonly log: string[];
  advance(seconds: number): void;
  /** A request with a caller's token. */
  get(
    path: string,
    token?: string,
    init?: { method?: string; headers?: Record<string, string>; body?: string },
  ): Promise<Asked>;
}

async function open(options: SampleHubOptions = {}): Promise<World> {
  const hub = await sampleHub({
    repos: [gated, hidden],
    accounts: [
      { token: READER, user: 'reader', grants: closed },
      { token: STRANGER, user: 'stranger' },
      { token: FORGER, user: 'forger', grants: ['forger/private'] },
    ],
    ...options,
  });
  const log: string[] = [];
  const write = (fields: object, message: string) => log.push(JSON.stringify([fields, message]));
  const logger: Logger = { debug: write, info: write, warn: write, error: write };
  const clock = movableClock();
  const mirror = await startMirror({ hub, clock, logger, shutdownTimeout: 0 });
  onTestFinished(() => mirror.close());
  return {
    hub,
    url: mirror.url,
    log,
    advance: clock.advance,
    get: (path, token, init = {}) =>
      ask(`${mirror.url}${path}`, {
        ...init,
        headers: { ...init.headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      }),
  };
}

/** The reader downloads everything there is, so that all of it is held and known here. */
async function warmUp({ get, hub }: World, token: string | undefined = READER, names = closed): Promise<void> {
  for (const name of names) {
    for (const path of PATHS) {
      const answer = await get(`/${name}/resolve/main/${path}`, token);
      expect(answer.status).toBe(200);
      expect(answer.text).toBe(files[path as keyof typeof files]);
    }
    const commit = hub.commit(name);
    for (const document of [`revision/main`, `tree/${commit}?recursive=true`, 'refs', `commits/main`]) {
      expect((await get(`/api/models/${name}/${document}`, token)).status).toBe(200);
    }
  }
}

/** Not the bytes, not a part of them, and nothing of what names them. */
function expectNothing(answer: Asked, what: string): void {
  expect([401, 403, 404], what).toContain(answer.status);
  expect(answer.text, what).not.toContain('Hub let in');
  for (const header of ['etag', 'x-linked-etag', 'x-linked-size', 'content-range']) {
    expect(answer.headers.get(header), `${what}: ${header}`).toBeNull();
  }
}

test('bytes that are held here go to nobody whom the Hub refuses, however they are asked for', async () => {
  const world = await open();
  await warmUp(world);
  for (const name of closed) {
    const commit = world.hub.commit(name);
    for (const path of PATHS) {
      const etag = world.hub.file(name, path).sha256 ?? world.hub.file(name, path).gitOid;
      const ways = [
        [`/${name}/resolve/main/${path}`],
        [`/${name}/resolve/${commit}/${path}`],
        [`/${name}/resolve/${commit.slice(0, 10)}/${path}?download=true`],
        [`/${name}/raw/main/${path}`],
        [`/api/resolve-cache/models/${name}/${commit}/${path}`],
        [`/${name}/resolve/main/${path}`, { method: 'HEAD' }],
        [`/${name}/resolve/${commit}/${path}`, { headers: { range: 'bytes=0-0' } }],
        [`/${name}/resolve/main/${path}`, { headers: { range: 'bytes=10-' } }],
        [`/${name}/resolve/main/${path}`, { headers: { range: 'bytes=-5' } }],
        [`/${name}/resolve/main/${path}`, { headers: { 'if-none-match': `"${etag}"` } }],
        [`/${name}/resolve/main/${path}`, { headers: { range: 'bytes=0-9', 'if-range': `"${etag}"` } }],
      ] as const;
      for (const [way, init] of ways) {
        for (const token of OTHERS) expectNothing(await world.get(way, token, init), `${way} as ${token}`);
        expect([200, 206, 304]).toContain((await world.get(way, READER, init)).status);
      }
    }
  }
});

test('refusals are the Hub’s own words', async () => {
  const world = await open();
  await warmUp(world);
  for (const name of closed) {
    for (const token of OTHERS) {
      const direct = await ask(`${world.hub.url}/${name}/resolve/main/small.bin`, {
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      });
      const here = await world.get(`/${name}/resolve/main/small.bin`, token);
      expect(here.status).toBe(direct.status);
      expect(here.headers.get('x-error-message')).toBe(direct.headers.get('x-error-message'));
    }
  }
});

test('answers that a token opened are not for shared caches', async () => {
  const world = await open();
  await warmUp(world);
  for (const way of [
    '/org/gated/resolve/main/small.bin',
    '/org/private/raw/main/small.bin',
    '/api/models/org/private/revision/main',
    '/api/models/org/private/tree/main',
  ]) {
    const { headers } = await world.get(way, READER);
    expect(headers.get('cache-control'), way).toMatch(/private|no-store/);
    expect(headers.get('vary'), way).toMatch(/authorization/i);
  }
});

test('what is known of a private repo (info, listings, refs, commits) is shown to its readers alone', async () => {
  const world = await open();
  await warmUp(world, READER, ['org/private']);
  const commit = world.hub.commit('org/private');
  const api = '/api/models/org/private';
  const paths = { method: 'POST', headers: { 'content-type': 'application/json' } };
  const ways = [
    [api],
    [`${api}/revision/main`],
    [`${api}/revision/${commit}`],
    [`${api}?blobs=true`],
    [`${api}/tree/main?recursive=true`],
    [`${api}/tree/${commit}`],
    [`${api}/tree/${commit}?expand=true`],
    [`${api}/treesize/main`],
    [`${api}/refs`],
    [`${api}/commits/main`],
    [`${api}/auth-check`],
    [`${api}/paths-info/${commit}`, { ...paths, body: JSON.stringify({ paths: PATHS }) }],
    [`${api}/paths-info/main`, { ...paths, body: JSON.stringify({ paths: PATHS, expand: true }) }],
  ] as const;
  for (const [way, init] of ways) {
    const mine = await world.get(way, READER, init);
    expect(mine.status, way).toBe(200);
    for (const token of OTHERS) {
      const answer = await world.get(way, token, init);
      expect([401, 404], `${way} as ${token}`).toContain(answer.status);
      expect(answer.text).not.toMatch(/small\.bin|large\.bin/);
      expect(answer.text).not.toContain(commit);
    }
  }
});

test('a forged LFS pointer opens nothing: not held bytes, not bytes on their way, in a public repo or in a private one', async () => {
  const world = await open();
  const forged = Object.fromEntries(
    ['small.bin', 'large.bin'].map((path) => {
      const { sha256 = '', size } = world.hub.file('org/private', path);
      return [path, { pointer: { sha256, size } }];
    }),
  );
  world.hub.addRepo({ name: 'forger/public', files: forged });
  world.hub.addRepo({ name: 'forger/private', private: true, files: forged });
  const attacks = async (state: string) => {
    for (const [name, token] of [
      ['forger/public', undefined],
      ['forger/public', FORGER],
      ['forger/private', FORGER],
    ] as const) {
      for (const path of Object.keys(forged)) {
        for (const headers of [{}, { range: 'bytes=0-99' }, { range: 'bytes=-70' }]) {
          const what = `${state}: ${name}/${path} ${JSON.stringify(headers)}`;
          // What a HEAD leaves behind for the next request must not be a shortcut around the proof.
          await world.get(`/${name}/resolve/main/${path}`, token, { method: 'HEAD' });
          const answer = await world.get(`/${name}/resolve/main/${path}`, token, { headers });
          expect(answer.text, what).not.toContain('Hub let in');
          expect(answer.status, what).toBeGreaterThanOrEqual(400);
        }
      }
    }
  };
  const slow = world.hub.setFault({ repo: 'org/private', path: 'large.bin' }, { bytesPerSecond: 1_000_000 });
  const held = () => world.get('/org/private/resolve/main/small.bin', READER);
  await expect.poll(async () => (await held()).headers.get('cache-status')).toContain('hit');
  const reading = world.get('/org/private/resolve/main/large.bin', READER);
  await expect.poll(() => world.hub.bytesSent('org/private', 'large.bin')).toBeGreaterThan(0);
  await attacks('while the owner downloads');
  slow();
  expect((await reading).text).toBe(files['large.bin']);
  await warmUp(world, READER, ['org/private']);
  await attacks('held');
  expect((await world.get('/org/private/resolve/main/large.bin', READER)).text).toBe(files['large.bin']);
});

test('a forger who asks first gets none of the bytes that the owner brings in afterwards', async () => {
  const world = await open();
  for (const path of ['small.bin', 'large.bin'] as const) {
    const { sha256 = '', size } = world.hub.file('org/private', path);
    const name = `forger/${path}`;
    world.hub.addRepo({ name, files: { [path]: { pointer: { sha256, size } } } });
    const leaving = new AbortController();
    const received: string[] = [];
    const steal = async (range: string | undefined) => {
      const headers = range === undefined ? {} : { range };
      const response = await fetch(`${world.url}/${name}/resolve/main/${path}`, { headers, signal: leaving.signal });
      const decoder = new TextDecoder();
      for await (const chunk of response.body ?? []) received.push(decoder.decode(chunk));
    };
    const thefts = [undefined, 'bytes=0-99', 'bytes=-70'].map((range) => steal(range).catch(() => {}));
    await expect.poll(() => world.hub.requests.some((it) => it.host === 'cdn' && it.status === 404)).toBe(true);
    expect((await world.get(`/org/private/resolve/main/${path}`, READER)).text).toBe(files[path]);
    leaving.abort();
    await Promise.all(thefts);
    expect(received.join('')).not.toContain('Hub let in');
  }
});

test('a revoked token reads for at most five minutes more', async () => {
  const world = await open();
  await warmUp(world);
  world.hub.accounts.revoke(READER);
  world.advance(301);
  for (const name of closed) {
    for (const revision of ['main', world.hub.commit(name)]) {
      for (const path of PATHS) expectNothing(await world.get(`/${name}/resolve/${revision}/${path}`, READER), path);
    }
  }
  expect((await world.get('/api/models/org/private/tree/main', READER)).status).toBe(401);
});

test('a public repo that is closed is closed here within ten minutes, held or not', async () => {
  for (const change of [{ gated: 'auto' as const }, { private: true }, { disabled: true }]) {
    const world = await open({ repos: [{ name: 'org/model', files }] });
    await warmUp(world, undefined, ['org/model']);
    world.hub.updateRepo('org/model', change);
    world.advance(601);
    for (const revision of ['main', world.hub.commit('org/model')]) {
      for (const path of PATHS) {
        const way = `/org/model/resolve/${revision}/${path}`;
        for (const token of OTHERS) expectNothing(await world.get(way, token), `${way} ${JSON.stringify(change)}`);
      }
    }
  }
});

test('a renamed private repo is as closed under its old name as under its new one', async () => {
  const world = await open();
  await warmUp(world, READER, ['org/private']);
  world.hub.updateRepo('org/private', { id: 'org/renamed' });
  world.hub.accounts.grant(READER, 'org/renamed');
  world.advance(601);
  await warmUp(world, READER, ['org/renamed']);
  for (const name of ['org/private', 'org/renamed']) {
    for (const path of PATHS) {
      for (const token of OTHERS)
        expectNothing(await world.get(`/${name}/resolve/main/${path}`, token), `${name} ${path}`);
      expect((await world.get(`/${name}/resolve/main/${path}`, READER)).text).toBe(files[path as keyof typeof files]);
    }
  }
});

test('the same bytes in a public and in a private repo: each path has its own permission', async () => {
  const world = await open({ repos: [hidden, { name: 'org/open', files }] });
  await warmUp(world, READER, ['org/private']);
  world.hub.resetCounters();
  for (const path of PATHS) {
    expect((await world.get(`/org/open/resolve/main/${path}`)).text).toBe(files[path as keyof typeof files]);
    for (const token of OTHERS) expectNothing(await world.get(`/org/private/resolve/main/${path}`, token), path);
  }
  // The large ones are held already: one byte of each proves that the public repo has them too.
  expect(world.hub.bytesSent('org/open', 'large.bin')).toBe(1);
  world.hub.updateRepo('org/open', { private: true });
  world.advance(601);
  for (const path of PATHS) expectNothing(await world.get(`/org/open/resolve/main/${path}`), path);
});

test('while the Hub is down, gated and private content is refused to everybody, and public content served', async () => {
  const world = await open({ repos: [gated, hidden, { name: 'org/open', files }] });
  await warmUp(world);
  await warmUp(world, undefined, ['org/open']);
  world.hub.setFault('*', { reset: true });
  world.advance(301);
  const asks = closed.flatMap((name) =>
    [READER, STRANGER, undefined].map((token) => world.get(`/${name}/resolve/main/large.bin`, token)),
  );
  for (const answer of await Promise.all(asks)) {
    expect(answer.status).toBe(503);
    expect(answer.text).not.toContain('Hub let in');
  }
  world.advance(601);
  const answer = await world.get('/org/open/resolve/main/large.bin');
  expect(answer).toMatchObject({ status: 200, text: files['large.bin'] });
});

test('a token goes to the Hub alone: not to its CDN, not for public repos, and into no log line', async () => {
  const world = await open({ repos: [gated, hidden, { name: 'org/open', files }] });
  await warmUp(world);
  world.hub.resetCounters();
  await warmUp(world, READER, ['org/open']);
  const withToken = world.hub.requests.filter((request) => request.token !== undefined);
  expect(withToken.filter((request) => request.host === 'cdn')).toEqual([]);
  expect(withToken.map((request) => request.url).filter((url) => !url.startsWith('/api/'))).toEqual([]);
  await world.get('/org/gated/resolve/main/none.bin', READER);
  await world.get('/org/gated/resolve/main/large.bin', IMPOSTOR);
  expect(world.log.length).toBeGreaterThan(0);
  const log = world.log.join('\n');
  for (const secret of [READER, IMPOSTOR, 'Signature=', 'X-Amz-']) expect(log).not.toContain(secret);
});

test('a flood of made-up repos and tokens through the server leaves known repos served', async () => {
  const world = await open({
    repos: [hidden, { name: 'org/open', files }],
    rateLimits: { api: 500, resolvers: 3000, pages: 100, windowSeconds: 300 },
  });
  await warmUp(world, READER, ['org/private']);
  await warmUp(world, undefined, ['org/open']);
  const madeUp = () => Math.random().toString(36).slice(2);
  const statuses = new Set<number>();
  let running = 2000;
  const flood = Promise.all(
    Array.from({ length: 40 }, async () => {
      for (let i = 0; i < 50; i++) {
        const answer = await world.get(`/${madeUp()}/${madeUp()}/resolve/main/model.bin`, `hf_${madeUp()}`);
        statuses.add(answer.status);
        running -= 1;
      }
    }),
  );
  let served = 0;
  while (running > 0) {
    const answer = await world.get('/org/open/resolve/main/small.bin');
    expect(answer.status).toBe(200);
    world.advance(1);
    served += 1;
  }
  await flood;
  expect(served).toBeGreaterThan(10);
  expect([...statuses].sort()).toEqual([401, 429]);
  expect((await world.get('/org/private/resolve/main/small.bin', READER)).status).toBe(200);
});
