import { expect, test } from 'vitest';
import { model, openReposFixture } from '../../test/support/repos-fixture.ts';
import type { HubClient } from '../contracts/hub.ts';

const client = '192.0.2.1';
const nobody = { client };
const reader = { client, token: 'hf_reader' };
const stranger = { client, token: 'hf_stranger' };
const impostor = { client, token: 'hf_made_up' };

const gated = model('org/gated');
const hidden = model('org/hidden');
const files = { 'README.md': 'hello', 'config.json': '{}', 'model.bin': 'secret weights' };
const world = {
  repos: [
    { name: 'org/gated', gated: 'manual' as const, files },
    { name: 'org/hidden', private: true, files },
  ],
  accounts: [
    { token: 'hf_reader', user: 'reader', grants: ['org/gated', 'org/hidden'] },
    { token: 'hf_stranger', user: 'stranger' },
  ],
};
const refused = (status: number, errorCode?: string) => ({
  code: 'HUB_REFUSED',
  hub: errorCode === undefined ? { status } : { status, errorCode },
});

/** A hub that shows the README of gated repos to everybody, as the real one may. */
const withOpenReadme = (client: HubClient): HubClient => ({
  ...client,
  resolveFile: (repo, revision, path, call) =>
    client.resolveFile(repo, revision, path, path === 'README.md' ? { ...call, token: 'hf_reader' } : call),
});

test('a gated file goes to the token that the Hub accepts, and to nobody else, in the Hub’s own words', async () => {
  await using node = await openReposFixture(world);
  const grant = await node.repos.entry(reader, gated, 'main', 'model.bin');
  expect(grant).toMatchObject({ access: 'restricted', stale: false, token: 'hf_reader', entry: { size: 14 } });
  await expect(node.repos.entry(nobody, gated, 'main', 'model.bin')).rejects.toMatchObject(refused(401, 'GatedRepo'));
  await expect(node.repos.entry(stranger, gated, 'main', 'model.bin')).rejects.toMatchObject(refused(403, 'GatedRepo'));
  await expect(node.repos.entry(impostor, gated, 'main', 'model.bin')).rejects.toMatchObject({
    hub: { status: 401, message: 'Invalid credentials in Authorization header' },
  });
});

test('a private repo does not exist for strangers, not even its commit or its listing', async () => {
  await using node = await openReposFixture(world);
  const { commit } = await node.repos.tree(reader, hidden, 'main');
  await node.repos.entry(reader, hidden, 'main', 'model.bin');
  for (const revision of ['main', commit]) {
    for (const [caller, status] of [
      [nobody, 401],
      [stranger, 404],
      [impostor, 401],
    ] as const) {
      await expect(node.repos.entry(caller, hidden, revision, 'model.bin')).rejects.toMatchObject(refused(status));
      await expect(node.repos.entry(caller, hidden, revision, 'made-up')).rejects.toMatchObject(refused(status));
      await expect(node.repos.revision(caller, hidden, revision)).rejects.toMatchObject(refused(status));
      await expect(node.repos.tree(caller, hidden, revision)).rejects.toMatchObject(refused(status));
    }
  }
});

test('the metadata of a gated repo is public on the Hub, and proves nothing about its bytes', async () => {
  await using node = await openReposFixture(world);
  for (const caller of [nobody, stranger, reader]) {
    const grant = await node.repos.tree(caller, gated, 'main');
    expect(grant).toMatchObject({ access: 'restricted', commit: node.hub.commit('org/gated') });
    expect(grant.tree.entries).toHaveLength(3);
  }
  await expect(node.repos.entry(nobody, gated, 'main', 'model.bin')).rejects.toMatchObject(refused(401, 'GatedRepo'));
  await expect(node.repos.entry(stranger, gated, 'main', 'model.bin')).rejects.toMatchObject(refused(403, 'GatedRepo'));
  expect(node.hub.requests.filter((request) => request.token === 'hf_reader')).toEqual([]);
});

test('a README that is open to everybody opens no other file of its gated repo', async () => {
  await using node = await openReposFixture(world, { wrap: withOpenReadme });
  await node.repos.entry(reader, gated, 'main', 'model.bin');
  for (const caller of [nobody, stranger]) {
    for (let i = 0; i < 2; i++) {
      const readme = await node.repos.entry(caller, gated, 'main', 'README.md');
      expect(readme).toMatchObject({ access: 'restricted', entry: { size: 5 } });
      await expect(node.repos.entry(caller, gated, 'main', 'model.bin')).rejects.toMatchObject({
        hub: { errorCode: 'GatedRepo' },
      });
      await expect(node.repos.entry(caller, gated, 'main', 'config.json')).rejects.toMatchObject({
        hub: { errorCode: 'GatedRepo' },
      });
    }
  }
});

test('what the Hub granted to a token holds for minutes, for that token and that path, without asking', async () => {
  await using node = await openReposFixture(world);
  await node.repos.entry(reader, hidden, 'main', 'model.bin');
  await node.repos.revision(reader, hidden, 'main');
  node.takeRequests();
  await node.repos.entry(reader, hidden, 'main', 'model.bin');
  await node.repos.entry(reader, hidden, node.hub.commit('org/hidden'), 'model.bin');
  await node.repos.revision(reader, hidden, 'main');
  node.clock.advance(40);
  await node.repos.revision(reader, hidden, 'main');
  expect(node.takeRequests()).toEqual([]);
  await node.repos.entry(reader, hidden, 'main', 'config.json');
  expect(node.takeRequests()).toContain(
    `hf_reader HEAD /org/hidden/resolve/${node.hub.commit('org/hidden')}/config.json`,
  );
});

test('a revoked token is refused within the life of its grants', async () => {
  await using node = await openReposFixture(world);
  for (const repo of [gated, hidden]) await node.repos.entry(reader, repo, 'main', 'model.bin');
  const { expiresAt } = await node.repos.entry(reader, hidden, 'main', 'model.bin');
  expect(expiresAt - node.clock.now()).toBeLessThanOrEqual(300_000);
  node.hub.accounts.revoke('hf_reader');
  node.clock.advance(301);
  for (const repo of [gated, hidden]) {
    for (const revision of [node.hub.commit(repo.id), 'main']) {
      await expect(node.repos.entry(reader, repo, revision, 'model.bin')).rejects.toMatchObject(refused(401));
    }
  }
});

test('the first refusal of a token ends everything that it was granted of the repo', async () => {
  await using node = await openReposFixture(world);
  await node.repos.entry(reader, hidden, 'main', 'model.bin');
  node.hub.accounts.ungrant('hf_reader', 'org/hidden');
  await expect(node.repos.entry(reader, hidden, 'main', 'config.json')).rejects.toMatchObject(
    refused(404, 'RepoNotFound'),
  );
  await expect(node.repos.entry(reader, hidden, 'main', 'model.bin')).rejects.toMatchObject(
    refused(404, 'RepoNotFound'),
  );
});

test('somebody who has just been let in gets in at the next try', async () => {
  await using node = await openReposFixture(world);
  await expect(node.repos.entry(stranger, gated, 'main', 'model.bin')).rejects.toMatchObject(refused(403, 'GatedRepo'));
  node.hub.accounts.grant('hf_stranger', 'org/gated');
  expect((await node.repos.entry(stranger, gated, 'main', 'model.bin')).token).toBe('hf_stranger');
});

test('restricted content fails closed when the Hub is down, out of quota, or never asked', async () => {
  await using node = await openReposFixture(world);
  for (const repo of [gated, hidden]) {
    await node.repos.entry(reader, repo, 'main', 'model.bin');
    await node.repos.tree(reader, repo, 'main');
  }
  node.clock.advance(301);
  for (const status of [503, 429]) {
    const repaired = node.hub.setFault('*', { status, retryAfter: 60 });
    for (const repo of [gated, hidden]) {
      const failed = { code: status === 429 ? 'RATE_LIMITED' : 'UPSTREAM_UNAVAILABLE' };
      await expect(node.repos.entry(reader, repo, 'main', 'model.bin')).rejects.toMatchObject(failed);
      await expect(node.repos.revision(reader, repo, 'main')).rejects.toMatchObject(failed);
    }
    repaired();
    node.clock.advance(120);
  }
  const offline = node.reopen({ offline: true });
  for (const caller of [reader, nobody]) {
    for (const repo of [gated, hidden]) {
      await expect(offline.entry(caller, repo, 'main', 'model.bin')).rejects.toMatchObject({ code: 'OFFLINE' });
      await expect(offline.tree(caller, repo, 'main')).rejects.toMatchObject({ code: 'OFFLINE' });
    }
  }
});

test('a public repo that was closed is closed here within ten minutes, for warm entries and for tokens too', async () => {
  await using node = await openReposFixture({ ...world, repos: [{ name: 'org/model', files }] });
  const repo = model('org/model');
  const { commit } = await node.repos.entry(nobody, repo, 'main', 'model.bin');
  for (const change of [
    { gated: 'auto' as const },
    { gated: false as const, private: true },
    { private: false, disabled: true },
  ]) {
    node.hub.updateRepo('org/model', change);
    node.clock.advance(601);
    for (const revision of [commit, 'main']) {
      for (const caller of [nobody, stranger]) {
        await expect(node.repos.entry(caller, repo, revision, 'model.bin')).rejects.toMatchObject({
          code: 'HUB_REFUSED',
        });
      }
    }
    expect(node.catalog.repo(repo)?.access).toBe('restricted');
  }
  node.hub.updateRepo('org/model', { disabled: false });
  node.clock.advance(601);
  expect(await node.repos.entry(nobody, repo, 'main', 'model.bin')).toMatchObject({ access: 'public' });
});

test('a denial from a repo that counts as public makes it restricted at once', async () => {
  await using node = await openReposFixture({ ...world, repos: [{ name: 'org/model', files }] });
  const repo = model('org/model');
  await node.repos.entry(nobody, repo, 'main', 'config.json');
  node.hub.updateRepo('org/model', { private: true });
  await expect(node.repos.entry(nobody, repo, 'main', 'model.bin')).rejects.toMatchObject(refused(401));
  await expect(node.repos.entry(nobody, repo, 'main', 'config.json')).rejects.toMatchObject(refused(401));
  await expect(node.repos.revision(nobody, repo, 'main')).rejects.toMatchObject(refused(401));
});

test('a renamed private repo opens under both names for its token, and under none for others', async () => {
  await using node = await openReposFixture(world);
  await node.repos.entry(reader, hidden, 'main', 'model.bin');
  node.hub.updateRepo('org/hidden', { id: 'org/renamed' });
  node.hub.accounts.grant('hf_reader', 'org/renamed');
  node.clock.advance(601);
  for (const name of ['org/hidden', 'org/renamed']) {
    const grant = await node.repos.entry(reader, model(name), 'main', 'model.bin');
    expect(grant).toMatchObject({ repo: model('org/renamed'), access: 'restricted' });
    for (const caller of [nobody, stranger, impostor]) {
      await expect(node.repos.entry(caller, model(name), 'main', 'model.bin')).rejects.toMatchObject({
        code: 'HUB_REFUSED',
      });
      await expect(node.repos.revision(caller, model(name), 'main')).rejects.toMatchObject({ code: 'HUB_REFUSED' });
    }
  }
});

test('a repo that is closed under its new name is closed under its old one', async () => {
  await using node = await openReposFixture({
    ...world,
    repos: [{ name: 'org/model', aliases: ['old/model'], files }],
  });
  await node.repos.entry(nobody, model('old/model'), 'main', 'model.bin');
  node.hub.updateRepo('org/model', { private: true });
  node.clock.advance(1);
  await expect(node.repos.entry(nobody, model('org/model'), 'main', 'README.md')).rejects.toMatchObject(refused(401));
  await expect(node.repos.entry(nobody, model('old/model'), 'main', 'model.bin')).rejects.toMatchObject(refused(401));
});

test('callers with different tokens never share a look-up, those with the same one do', async () => {
  await using node = await openReposFixture(world);
  const asks = [reader, stranger, nobody, reader, reader].map((caller) =>
    node.repos.entry(caller, gated, 'main', 'model.bin').then(
      () => 'granted',
      (error) => error.hub.status,
    ),
  );
  expect(await Promise.all(asks)).toEqual(['granted', 403, 401, 'granted', 'granted']);
  expect(node.takeRequests().filter((request) => request.startsWith('hf_reader'))).toHaveLength(1);
});
