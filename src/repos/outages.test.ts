import { expect, test } from 'vitest';
import { model, openReposFixture } from '../../test/support/repos-fixture.ts';
import type { HubClient } from '../contracts/hub.ts';

const nobody = { client: '192.0.2.1' };
const org = model('org/model');
const repos = [{ name: 'org/model', files: { 'config.json': '{}', 'model.bin': 'weights' } }];
const DAY = 86_400;

async function openWarm() {
  const node = await openReposFixture({ repos });
  await node.repos.tree(nobody, org, 'main');
  return node;
}

test('while the Hub is down or out of quota, what is known of public repos is served, and says that it is stale', async () => {
  for (const status of [429, 500, 503]) {
    await using node = await openWarm();
    node.hub.setFault('*', { status, retryAfter: 60 });
    expect((await node.repos.entry(nobody, org, 'main', 'config.json')).stale).toBe(false);
    for (const seconds of [61, 600, DAY - 1000]) {
      node.clock.advance(seconds);
      expect(await node.repos.entry(nobody, org, 'main', 'config.json')).toMatchObject({
        stale: true,
        access: 'public',
      });
      expect(await node.repos.revision(nobody, org, 'main')).toMatchObject({ stale: true });
      expect((await node.repos.tree(nobody, org, 'main')).tree.entries).toHaveLength(2);
      await expect(node.repos.entry(nobody, org, 'main', 'nothing')).rejects.toMatchObject({ hub: { status: 404 } });
    }
    node.clock.advance(DAY);
    await expect(node.repos.entry(nobody, org, 'main', 'config.json')).rejects.toMatchObject({
      code: status === 429 ? 'RATE_LIMITED' : 'UPSTREAM_UNAVAILABLE',
    });
  }
});

test('a line that answers with nonsense counts as down', async () => {
  await using node = await openWarm();
  node.hub.setFault('*', { withoutHeaders: ['x-repo-commit'] });
  node.clock.advance(61);
  expect((await node.repos.entry(nobody, org, 'main', 'config.json')).stale).toBe(true);
});

test('what is not known is an outage, never a 404', async () => {
  await using node = await openReposFixture({ repos });
  await node.repos.entry(nobody, org, 'main', 'config.json');
  node.hub.setFault('*', { reset: true });
  node.clock.advance(61);
  for (const [repo, path] of [
    [org, 'model.bin'],
    [model('org/other'), 'config.json'],
  ] as const) {
    await expect(node.repos.entry(nobody, repo, 'main', path)).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  }
  expect((await node.repos.entry(nobody, org, 'main', 'config.json')).stale).toBe(true);
});

test('once the Hub is back, fresh answers follow within seconds', async () => {
  await using node = await openWarm();
  const repaired = node.hub.setFault('*', { status: 503 });
  const moved = node.hub.push('org/model', { files: { 'config.json': '[]' } });
  node.clock.advance(61);
  expect((await node.repos.entry(nobody, org, 'main', 'config.json')).stale).toBe(true);
  repaired();
  node.clock.advance(6);
  expect(await node.repos.entry(nobody, org, 'main', 'config.json')).toMatchObject({ stale: false, commit: moved });
});

test('a Hub that hangs keeps nobody waiting for what is known', async () => {
  const hang = { now: false };
  const stuck = new Promise<never>(() => {});
  const wrap = (client: HubClient): HubClient => ({
    ...client,
    resolveFile: (...question) => (hang.now ? stuck : client.resolveFile(...question)),
    repoInfo: (...question) => (hang.now ? stuck : client.repoInfo(...question)),
  });
  await using node = await openReposFixture({ repos }, { wrap });
  await node.repos.entry(nobody, org, 'main', 'config.json');
  hang.now = true;
  node.clock.advance(61);
  for (let i = 0; i < 20; i++) {
    expect((await node.repos.entry(nobody, org, 'main', 'config.json')).stale).toBe(true);
  }
});

test('offline, the Hub is not asked at all: known public content is served however old it is', async () => {
  await using node = await openWarm();
  node.clock.advance(400 * DAY);
  const offline = node.reopen({ offline: true });
  node.takeRequests();
  const grant = await offline.entry(nobody, org, 'main', 'config.json');
  expect(grant).toMatchObject({ stale: true, access: 'public', entry: { size: 2 } });
  await expect(grant.proof()).resolves.toEqual(grant.entry);
  expect((await offline.revision({ ...nobody, token: 'hf_x' }, org, 'main')).commit).toBe(grant.commit);
  expect((await offline.tree(nobody, org, grant.commit)).tree.entries).toHaveLength(2);
  await expect(offline.entry(nobody, org, 'main', 'nothing')).rejects.toMatchObject({ hub: { status: 404 } });
  const unknown = { code: 'OFFLINE', message: expect.stringContaining('--offline') };
  await expect(offline.entry(nobody, org, 'v2', 'config.json')).rejects.toMatchObject(unknown);
  await expect(offline.revision(nobody, model('org/other'), 'main')).rejects.toMatchObject(unknown);
  await expect(offline.tree(nobody, model('org/other'), 'main')).rejects.toMatchObject(unknown);
  expect(node.takeRequests()).toEqual([]);
});

test('a clock that was set back makes old answers doubtful instead of eternal', async () => {
  await using node = await openWarm();
  node.clock.advance(-3600);
  node.takeRequests();
  expect((await node.repos.entry(nobody, org, 'main', 'config.json')).stale).toBe(false);
  expect(node.takeRequests()).not.toEqual([]);
});
