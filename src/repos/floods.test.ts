import { expect, test } from 'vitest';
import { model, openReposFixture, type ReposFixture } from '../../test/support/repos-fixture.ts';
import type { HubCall, HubClient } from '../contracts/hub.ts';

const org = model('org/model');
const hidden = model('org/hidden');
const files = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`file-${i}.bin`, `content ${i}`]));
const world = {
  repos: [
    { name: 'org/model', files },
    { name: 'org/hidden', private: true, files: { 'a.bin': 'secret' } },
  ],
  accounts: [{ token: 'hf_reader', user: 'reader', grants: ['org/hidden'] }],
  // What the real Hub gives to an anonymous address.
  rateLimits: { api: 500, resolvers: 3000, pages: 100, windowSeconds: 300 },
};
const office = { client: '192.0.2.1' };
const colleague = { ...office, token: 'hf_reader' };

const madeUp = () => Math.random().toString(36).slice(2);

/** 2,000 look-ups of repos that do not exist, each with a token of its own; resolves with how many ended in which way. */
function flood(node: ReposFixture, clientOf: (index: number) => string): Promise<Record<string, number>> {
  const ends: Record<string, number> = {};
  const lookUps = Array.from({ length: 2000 }, async (_, index) => {
    const caller = { client: clientOf(index), token: `hf_${madeUp()}` };
    const name = index % 10 === 0 ? org.id : `${madeUp()}/${madeUp()}`;
    const end = await node.repos.entry(caller, model(name), 'main', 'file-0.bin').then(
      () => 'granted',
      (error) => error.code,
    );
    ends[end] = (ends[end] ?? 0) + 1;
  });
  return Promise.all(lookUps).then(() => ends);
}

async function warmUp(node: ReposFixture): Promise<void> {
  await node.repos.entry(office, org, 'main', 'file-0.bin');
  await node.repos.entry(colleague, hidden, 'main', 'a.bin');
}

/** All that the users of a server do with repos that it knows. */
async function useKnownRepos(node: ReposFixture): Promise<void> {
  for (let i = 0; i < 12; i++) {
    const grant = await node.repos.entry(office, org, 'main', `file-${i}.bin`);
    expect(grant).toMatchObject({ access: 'public', stale: false });
  }
  await node.repos.tree(office, org, 'main');
  node.clock.advance(61);
  expect(await node.repos.revision(office, org, 'main')).toMatchObject({ stale: false });
  node.clock.advance(601);
  expect(await node.repos.entry(office, org, 'main', 'file-3.bin')).toMatchObject({ stale: false });
  expect(await node.repos.entry(colleague, hidden, 'main', 'a.bin')).toMatchObject({ access: 'restricted' });
}

test('while 2,000 made-up repos and tokens come from the same address, known repos are served', async () => {
  await using node = await openReposFixture(world);
  await warmUp(node);
  const ends = flood(node, () => office.client);
  await useKnownRepos(node);
  expect(await ends).toMatchObject({ granted: 200 });
  // 500 at once and what they earn back meanwhile, three questions each: what stays far below the Hub's quota.
  expect(node.hub.requests.length).toBeLessThan(1700);
  expect(node.hub.requests.filter((request) => request.status === 429)).toEqual([]);
});

test('made-up repos and tokens from 2,000 addresses never use up the part of the quota that known repos need', async () => {
  await using node = await openReposFixture(world);
  await warmUp(node);
  const ends = await flood(node, (index) => `198.51.100.${index}`);
  await useKnownRepos(node);
  expect(ends).toMatchObject({ granted: 200 });
});

test('known repos do not wait for look-ups of unknown ones that the Hub lets hang', async () => {
  const hung = Promise.withResolvers<void>();
  const hangUnknown = async (call: HubCall | undefined) => (call?.priority === 'known' ? undefined : hung.promise);
  const isHanging = { now: false };
  const wrap = (client: HubClient): HubClient => ({
    ...client,
    resolveFile: async (repo, revision, path, call) => {
      if (isHanging.now) await hangUnknown(call);
      return client.resolveFile(repo, revision, path, call);
    },
    repoInfo: async (repo, revision, call) => {
      if (isHanging.now) await hangUnknown(call);
      return client.repoInfo(repo, revision, call);
    },
  });
  await using node = await openReposFixture(world, { wrap });
  await warmUp(node);
  isHanging.now = true;
  const ends = flood(node, (index) => `198.51.100.${index % 250}`);
  await useKnownRepos(node);
  hung.resolve();
  expect(await ends).toMatchObject({ granted: 200 });
});

test('names that do not exist leave nothing in the catalogue', async () => {
  await using node = await openReposFixture(world);
  for (let i = 0; i < 20; i++) {
    const repo = model(`${madeUp()}/${madeUp()}`);
    await expect(node.repos.entry(office, repo, 'main', 'a')).rejects.toMatchObject({ code: 'HUB_REFUSED' });
    await expect(node.repos.entry(colleague, repo, 'main', 'a')).rejects.toMatchObject({ code: 'HUB_REFUSED' });
    await expect(node.repos.revision(office, repo, 'main')).rejects.toMatchObject({ code: 'HUB_REFUSED' });
    expect(node.catalog.repo(repo)).toBeUndefined();
    expect(node.catalog.ref(repo, 'main')).toBeUndefined();
  }
});

test('made-up revisions of a known repo are limited for whoever asks, and for nobody else', async () => {
  await using node = await openReposFixture(world, { budgets: { newPaths: { perSecond: 0.01, burst: 30 } } });
  await warmUp(node);
  const codes = new Set<string>();
  for (let i = 0; i < 60; i++) {
    await node.repos.entry({ client: 'flood' }, org, madeUp(), 'file-0.bin').catch((error) => codes.add(error.code));
  }
  expect([...codes]).toEqual(['HUB_REFUSED', 'RATE_LIMITED']);
  await node.repos.entry({ client: 'flood' }, org, 'main', 'file-0.bin');
  await node.repos.entry(office, org, 'main', 'file-7.bin');
});

test('a thousand people behind one address, each with a token of his own, open a private repo', async () => {
  const people = Array.from({ length: 1000 }, (_, i) => ({
    token: `hf_person_${i}`,
    user: `p${i}`,
    grants: ['org/hidden'],
  }));
  await using node = await openReposFixture({ ...world, accounts: people });
  // 250 in the same instant: the client of the Hub lets 32 ask and 512 wait.
  while (people.length > 0) {
    const comers = people.splice(0, 250);
    const grants = await Promise.all(
      comers.map(({ token }) => node.repos.entry({ ...office, token }, hidden, 'main', 'a.bin')),
    );
    expect(grants.every((grant) => grant.access === 'restricted')).toBe(true);
  }
});
