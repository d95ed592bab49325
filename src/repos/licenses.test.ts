import { expect, test } from 'vitest';
import { model, openReposFixture, type ReposFixture } from '../../test/support/repos-fixture.ts';

const nobody = { client: '192.0.2.1' };
const reader = { ...nobody, token: 'hf_reader' };
const open = model('org/model');
const gated = model('org/gated');
const hidden = model('org/hidden');
const files = { 'config.json': '{}' };
const card = { license: 'Apache-2.0', tags: ['license:mit'] };
const licenses = ['apache-2.0', 'mit'];
const world = {
  repos: [
    { name: 'org/model', aliases: ['old-model'], files, card },
    { name: 'org/bare', files },
    { name: 'org/gated', gated: 'manual' as const, files, card },
    { name: 'org/hidden', private: true, files, card },
    { name: 'datasets/org/rows', files, card },
    { name: 'spaces/org/app', files, card },
  ],
  accounts: [{ token: 'hf_reader', user: 'reader', grants: ['org/gated', 'org/hidden'] }],
};

const infoRequests = (node: ReposFixture): string[] =>
  node.takeRequests().filter((request) => request.includes(' /api/models/'));

test('the licences of a repo are known as soon as something of it was granted, without a request of their own', async () => {
  await using node = await openReposFixture(world);
  const { repos } = node;
  expect(repos.licenses(open)).toBeUndefined();
  await repos.entry(nobody, open, 'main', 'config.json');
  expect(infoRequests(node)).toHaveLength(1);
  expect(repos.licenses(open)).toEqual(licenses);
  await repos.revision(nobody, gated, 'main');
  expect(infoRequests(node)).toHaveLength(1);
  expect(repos.licenses(gated)).toEqual(licenses);
  for (const repo of [{ type: 'datasets', id: 'org/rows' } as const, { type: 'spaces', id: 'org/app' } as const]) {
    await repos.entry(nobody, repo, 'main', 'config.json');
    expect(repos.licenses(repo)).toEqual(licenses);
  }
  await repos.entry(nobody, model('org/bare'), 'main', 'config.json');
  expect(repos.licenses(model('org/bare'))).toEqual([]);
  node.takeRequests();
  expect(node.reopen().licenses(open)).toEqual(licenses);
  expect(node.takeRequests()).toEqual([]);
});

test('they are known by an old name as well as by the canonical one', async () => {
  await using node = await openReposFixture(world);
  const { repo } = await node.repos.entry(nobody, model('old-model'), 'main', 'config.json');
  expect(repo).toEqual(open);
  for (const name of [repo, model('old-model')]) expect(node.repos.licenses(name)).toEqual(licenses);
});

test('a change of the licence is learned when the access of the repo is asked for again', async () => {
  await using node = await openReposFixture(world);
  await node.repos.entry(nobody, open, 'main', 'config.json');
  node.hub.updateRepo('org/model', { card: { license: 'other' } });
  await node.repos.entry(nobody, open, 'main', 'config.json');
  expect(node.repos.licenses(open)).toEqual(licenses);
  node.clock.advance(601);
  await node.repos.entry(nobody, open, 'main', 'config.json');
  expect(node.repos.licenses(open)).toEqual(['other']);
});

test('a refusal of the Hub neither takes licences away nor makes any up', async () => {
  await using node = await openReposFixture(world);
  await node.repos.entry(nobody, open, 'main', 'config.json');
  node.hub.updateRepo('org/model', { private: true });
  node.clock.advance(601);
  await expect(node.repos.entry(nobody, open, 'main', 'config.json')).rejects.toMatchObject({ code: 'HUB_REFUSED' });
  expect(node.catalog.repo(open)).toMatchObject({ access: 'restricted', licenses });
  await expect(node.repos.entry(nobody, hidden, 'main', 'config.json')).rejects.toMatchObject({ code: 'HUB_REFUSED' });
  expect(node.repos.licenses(hidden)).toBeUndefined();
});

test('what a token alone may see has the licences that its metadata named, and none before', async () => {
  await using node = await openReposFixture(world);
  await node.repos.entry(reader, hidden, 'main', 'config.json');
  expect(node.repos.licenses(hidden)).toBeUndefined();
  await node.repos.revision(reader, hidden, 'main');
  expect(node.repos.licenses(hidden)).toEqual(licenses);
  await expect(node.repos.revision(nobody, hidden, 'main')).rejects.toMatchObject({ code: 'HUB_REFUSED' });
  expect(node.repos.licenses(hidden)).toEqual(licenses);
});

test('the card of a pull request does not change what is known of the repo', async () => {
  await using node = await openReposFixture(world);
  node.hub.push('org/model', { branch: 'refs/pr/1', files: { 'config.json': 'pr' } });
  await node.repos.revision(nobody, open, 'refs/pr/1');
  expect(node.repos.licenses(open)).toEqual(licenses);
  node.hub.updateRepo('org/model', { card: { license: 'cc0-1.0' } });
  node.clock.advance(601);
  await node.repos.revision(nobody, open, 'refs/pr/1');
  expect(node.repos.licenses(open)).toEqual(licenses);
  node.clock.advance(601);
  await node.repos.revision(nobody, open, 'main');
  expect(node.repos.licenses(open)).toEqual(['cc0-1.0']);
});
