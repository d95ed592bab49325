import { expect, test } from 'vitest';
import { scriptedHub, testHubClient } from '../../test/support/loopback-hub.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { sampleHub } from '../../test/support/sample-hub.ts';
import type { RepoRef } from '../contracts/domain.ts';
import type { HubClient } from '../contracts/hub.ts';
import type { SampleHub } from '../sample-hub/index.ts';

const READER = 'hf_readerreaderreaderreaderreaderreader';
const FILES = { 'config.json': '{}', 'weights/model.safetensors': new Uint8Array(1000) };
const model = (id: string): RepoRef => ({ type: 'models', id });

async function limitedHub(): Promise<{ hub: SampleHub; client: HubClient }> {
  const accounts = [{ token: READER, user: 'reader' }];
  const hub = await sampleHub({ repos: [{ name: 'org/public', files: FILES }], accounts });
  return { hub, client: testHubClient(hub.url) };
}

const limits = { api: 10, resolvers: 10, pages: 10, windowSeconds: 300 };

test('the quota of strangers ends before the last fifth, which stays for known repos, and the Hub never has to say 429', async () => {
  const { hub, client } = await limitedHub();
  hub.setRateLimits(limits);
  const ask = (priority: 'known' | 'unknown') =>
    client.resolveFile(model('org/public'), 'main', 'weights/model.safetensors', { priority });
  let answered = 0;
  let refusal: unknown;
  for (let n = 0; n < 20 && refusal === undefined; n += 1) {
    await ask('unknown').then(
      () => {
        answered += 1;
      },
      (error: unknown) => {
        refusal = error;
      },
    );
  }
  expect(answered).toBe(8);
  expect(refusal).toMatchObject({ code: 'RATE_LIMITED', retryAfterSeconds: expect.any(Number) });
  await ask('known');
  await ask('known');
  await expect(ask('known')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  expect(hub.requests.filter(({ status }) => status === 429)).toEqual([]);
});

test('the quota of one bucket or account does not hold up another', async () => {
  const { hub, client } = await limitedHub();
  hub.setRateLimits({ ...limits, resolvers: 1 });
  const ask = (token?: string) => client.resolveFile(model('org/public'), 'main', 'config.json', { token });
  await ask();
  await expect(ask()).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  await client.repoInfo(model('org/public'), 'main');
  await ask(READER);
});

test('the quota comes back when the window ends', async () => {
  const clock = new ManualClock();
  const hub = await sampleHub({
    repos: [{ name: 'org/m', files: FILES }],
    rateLimits: { ...limits, resolvers: 1 },
    clock,
  });
  const client = testHubClient(hub.url, { clock });
  const ask = () => client.resolveFile(model('org/m'), 'main', 'config.json', { priority: 'known' });
  await ask();
  await expect(ask()).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfterSeconds: 300 });
  clock.advance(300_000);
  await ask();
});

test('after a 429 the Hub is left alone until the time that it named', async () => {
  const { hub, client } = await limitedHub();
  hub.setFault('*', { status: 429, retryAfter: 60 }, 1);
  for (let n = 0; n < 3; n += 1) {
    const asked = client.resolveFile(model('org/public'), 'main', 'config.json', { priority: 'known' });
    await expect(asked).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  }
  expect(hub.requests).toHaveLength(1);
});

test('look-ups for unknown repos are bounded, those for known ones pass them', async () => {
  const held: (() => void)[] = [];
  const { server, client } = await scriptedHub(
    ({ url }, response) => {
      const answer = () => void response.writeHead(404, { 'x-error-code': 'RepoNotFound' }).end();
      if (url.includes('known')) answer();
      else held.push(answer);
    },
    { unknownLookups: 3 },
  );
  const floods = Array.from({ length: 10 }, (_, n) => client.repoInfo(model(`flood/r${n}`), undefined).catch(() => n));
  await expect.poll(() => held.length).toBe(3);
  const known = client.repoInfo(model('org/known'), undefined, { priority: 'known' });
  await expect(known).rejects.toMatchObject({ code: 'HUB_REFUSED' });
  expect(server.requests).toHaveLength(4);
  for (let n = 0; n < 10; n += 1) {
    await expect.poll(() => held.length).toBeGreaterThan(0);
    held.shift()?.();
  }
  expect(await Promise.all(floods)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});
