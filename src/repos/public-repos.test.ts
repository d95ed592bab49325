import { expect, test } from 'vitest';
import { model, openReposFixture } from '../../test/support/repos-fixture.ts';
import type { RepoRef } from '../contracts/domain.ts';
import type { HubClient } from '../contracts/hub.ts';

const nobody = { client: '192.0.2.1' };
const org = model('org/model');
const spec = { name: 'org/model', files: { 'config.json': '{}', 'model.bin': 'weights', 'sub/a b#%.txt': 'x' } };
const repos = [spec];
const notFound = (errorCode: string) => ({ code: 'HUB_REFUSED', hub: { status: 404, errorCode } });

test('a cold look-up asks for the access of the repo and for the file side by side', async () => {
  // Each question is answered only once the other one has been asked.
  const bothAsked = Promise.withResolvers<void>();
  let asked = 0;
  const meet = () => {
    asked += 1;
    if (asked === 2) bothAsked.resolve();
    return bothAsked.promise;
  };
  const wrap = (client: HubClient): HubClient => ({
    ...client,
    repoInfo: (...question) => meet().then(() => client.repoInfo(...question)),
    resolveFile: (...question) => meet().then(() => client.resolveFile(...question)),
  });
  await using node = await openReposFixture({ repos }, { wrap });
  const grant = await node.repos.entry(nobody, org, 'main', 'model.bin');
  expect(grant).toMatchObject({
    repo: org,
    commit: node.hub.commit('org/model'),
    access: 'public',
    stale: false,
    client: nobody.client,
    entry: { path: 'model.bin', size: 7, sha256: node.hub.file('org/model', 'model.bin').sha256 },
  });
  expect(grant.location).toContain(node.hub.cdnUrl);
  expect(node.takeRequests()).toHaveLength(2);
});

test('what is known costs no request, also by commit and through another instance after a restart', async () => {
  await using node = await openReposFixture({ repos });
  const { commit } = await node.repos.entry(nobody, org, 'main', 'sub/a b#%.txt');
  const first = await node.repos.entry(nobody, org, 'main', 'config.json');
  await first.proof();
  node.takeRequests();
  await node.repos.entry(nobody, org, 'main', 'sub/a b#%.txt');
  await node.repos.entry(nobody, org, commit, 'config.json');
  await node.reopen().entry(nobody, org, 'main', 'config.json');
  expect(node.takeRequests()).toEqual([]);
});

test('with the listing of the commit, every path is known, and so is what is missing', async () => {
  await using node = await openReposFixture({ repos });
  const { tree, commit } = await node.repos.tree(nobody, org, 'main');
  expect(tree.entries.map((entry) => entry.path)).toEqual(['config.json', 'model.bin', 'sub/a b#%.txt']);
  node.takeRequests();
  const grant = await node.repos.entry(nobody, org, 'main', 'model.bin');
  expect(grant.entry).toEqual(tree.entries[1]);
  await expect(node.repos.entry(nobody, org, 'main', 'nothing')).rejects.toMatchObject({
    hub: { status: 404, errorCode: 'EntryNotFound', commit },
  });
  await node.repos.tree(nobody, org, 'main');
  expect(node.takeRequests()).toEqual([]);
});

test('a caller with a token reads public repos as everybody does, and his token goes nowhere', async () => {
  await using node = await openReposFixture({ repos });
  const caller = { ...nobody, token: 'hf_unknown_token' };
  const grant = await node.repos.entry(caller, org, 'main', 'model.bin');
  expect(grant).toMatchObject({ access: 'public', token: undefined });
  await node.repos.tree(caller, org, 'main');
  await expect(node.repos.entry(caller, org, 'main', 'nothing')).rejects.toMatchObject(notFound('EntryNotFound'));
  expect(node.hub.requests.map((request) => request.token)).toEqual(node.hub.requests.map(() => undefined));
});

test('200 callers at once are one look-up, and one who leaves does not end it for the others', async () => {
  await using node = await openReposFixture({ repos });
  const leaving = new AbortController();
  const left = node.repos.entry(nobody, org, 'main', 'model.bin', leaving.signal);
  const others = Array.from({ length: 200 }, (_, i) =>
    node.repos.entry({ client: `client ${i}`, ...(i % 2 ? { token: `hf_${i}` } : {}) }, org, 'main', 'model.bin'),
  );
  leaving.abort(new Error('went away'));
  await expect(left).rejects.toThrow('went away');
  const grants = await Promise.all(others);
  expect(new Set(grants.map((grant) => grant.client)).size).toBe(200);
  expect(node.takeRequests()).toHaveLength(2);
});

test('a branch is asked for again after its time, by one cheap question', async () => {
  await using node = await openReposFixture({ repos });
  const before = await node.repos.entry(nobody, org, 'main', 'config.json');
  const moved = node.hub.push('org/model', { files: { 'config.json': '{"new":true}' } });
  expect((await node.repos.entry(nobody, org, 'main', 'config.json')).commit).toBe(before.commit);
  node.clock.advance(61);
  node.takeRequests();
  const after = await node.repos.entry(nobody, org, 'main', 'config.json');
  expect(after).toMatchObject({ commit: moved, entry: { size: 12 } });
  expect(node.takeRequests().filter((request) => request.includes('/api/models/'))).toEqual([]);
  expect((await node.repos.entry(nobody, org, before.commit, 'config.json')).entry.size).toBe(2);
});

test('while the last answer for a branch is fresh, everybody sees that commit, whatever was on its way', async () => {
  const release = Promise.withResolvers<void>();
  const wrap = (client: HubClient): HubClient => ({
    ...client,
    async resolveFile(...question) {
      if (question[2] === 'model.bin') await release.promise;
      return client.resolveFile(...question);
    },
  });
  await using node = await openReposFixture({ repos }, { wrap });
  const slow = node.repos.entry(nobody, org, 'main', 'model.bin');
  const { commit } = await node.repos.entry(nobody, org, 'main', 'config.json');
  node.hub.push('org/model', { files: { 'model.bin': 'other weights', 'late.txt': 'x' } });
  release.resolve();
  expect(await slow).toMatchObject({ commit, entry: { size: 7 } });
  await expect(node.repos.entry(nobody, org, 'main', 'late.txt')).rejects.toMatchObject({ hub: { commit } });
});

test('HEAD, tags, short commit ids and PR refs lead to commits', async () => {
  await using node = await openReposFixture({ repos });
  const commit = node.hub.commit('org/model');
  node.hub.moveRef('org/model', 'refs/tags/v1', commit);
  const proposed = node.hub.push('org/model', { branch: 'refs/pr/1', files: { 'config.json': '[]' } });
  for (const revision of ['HEAD', 'v1', commit.slice(0, 8)]) {
    expect((await node.repos.revision(nobody, org, revision)).commit).toBe(commit);
    expect((await node.repos.entry(nobody, org, revision, 'config.json')).commit).toBe(commit);
  }
  expect((await node.repos.revision(nobody, org, 'refs/pr/1')).commit).toBe(proposed);
  expect((await node.repos.entry(nobody, org, 'refs/pr/1', 'config.json')).commit).toBe(proposed);
});

test('the commit that a branch led to is known, so a snapshot by commit costs its listing and nothing else', async () => {
  await using node = await openReposFixture({ repos });
  const { commit } = await node.repos.revision(nobody, org, 'main');
  node.takeRequests();
  await node.repos.revision(nobody, org, commit);
  await node.repos.tree(nobody, org, commit);
  for (const path of Object.keys(spec.files)) await node.repos.entry(nobody, org, commit, path);
  expect(node.takeRequests()).toEqual([`anonymous GET /api/models/org/model/tree/${commit}`]);
});

test('a revision is looked up once, and later by the quota of /resolve', async () => {
  await using node = await openReposFixture({ repos });
  const grant = await node.repos.revision(nobody, org, 'main');
  expect(grant).toMatchObject({ repo: org, commit: node.hub.commit('org/model'), access: 'public', stale: false });
  expect(node.takeRequests()).toEqual(['anonymous GET /api/models/org/model/revision/main']);
  await node.repos.revision(nobody, org, 'main');
  await node.repos.revision(nobody, org, 'main');
  expect(node.takeRequests()).toEqual([]);
  const moved = node.hub.push('org/model', { files: { x: 'y' } });
  node.clock.advance(61);
  expect((await node.repos.revision(nobody, org, 'main')).commit).toBe(moved);
  expect(node.takeRequests()).toEqual(['anonymous HEAD /org/model/resolve/main/.gitattributes']);
});

test('a renamed repo is known by its new name, and the old one costs nothing the second time', async () => {
  await using node = await openReposFixture({
    repos: [{ ...spec, aliases: ['model', 'old/name'] }],
  });
  for (const renamedFiles of ['redirect', 'direct'] as const) {
    node.hub.setFault('*', { renamedFiles });
    const repos = node.reopen();
    for (const old of ['model', 'old/name']) {
      expect((await repos.entry(nobody, model(old), 'main', 'config.json')).repo).toEqual(org);
      expect((await repos.revision(nobody, model(old), 'main')).repo).toEqual(org);
    }
    await repos.entry(nobody, org, 'main', 'config.json');
    node.takeRequests();
    await repos.entry(nobody, model('model'), 'main', 'config.json');
    await repos.tree(nobody, model('old/name'), 'main');
    await repos.entry(nobody, model('old/name'), 'main', 'model.bin');
    expect(node.takeRequests().filter((request) => /old|\/model\/model|models\/model/.test(request))).toEqual([]);
    node.clock.advance(601);
  }
});

test('an old name that went to another repo is noticed when its record expires', async () => {
  let owner = org;
  const of = (asked: RepoRef) => (asked.id === 'old/name' ? owner : asked);
  const wrap = (client: HubClient): HubClient => ({
    ...client,
    repoInfo: (repo, ...rest) => client.repoInfo(of(repo), ...rest),
    resolveFile: (repo, ...rest) => client.resolveFile(of(repo), ...rest),
  });
  const other = { name: 'other/model', files: { 'config.json': '{"other":1}' } };
  await using node = await openReposFixture({ repos: [...repos, other] }, { wrap });
  expect((await node.repos.entry(nobody, model('old/name'), 'main', 'config.json')).repo).toEqual(org);
  owner = model('other/model');
  node.clock.advance(601);
  const grant = await node.repos.entry(nobody, model('old/name'), 'main', 'config.json');
  expect(grant).toMatchObject({ repo: owner, commit: node.hub.commit('other/model'), entry: { size: 11 } });
  expect((await node.repos.entry(nobody, org, 'main', 'config.json')).entry.size).toBe(2);
});

test('what is not there is asked for once: files of a commit for ever, the rest for half a minute', async () => {
  await using node = await openReposFixture({ repos });
  const ask = () => node.repos.entry(nobody, org, 'main', 'nothing');
  await expect(ask()).rejects.toMatchObject(notFound('EntryNotFound'));
  await expect(ask()).rejects.toMatchObject(notFound('EntryNotFound'));
  const missingRevision = () => node.repos.entry(nobody, org, 'v9', 'config.json');
  await expect(missingRevision()).rejects.toMatchObject(notFound('RevisionNotFound'));
  await expect(node.repos.revision(nobody, org, 'v9')).rejects.toMatchObject(notFound('RevisionNotFound'));
  const missingRepo = () => node.repos.entry(nobody, model('org/none'), 'main', 'config.json');
  await expect(missingRepo()).rejects.toMatchObject({ hub: { status: 401, message: 'Invalid username or password.' } });
  await expect(node.repos.revision(nobody, model('org/none'), 'x')).rejects.toMatchObject({ hub: { status: 401 } });
  expect(node.takeRequests()).toHaveLength(5);

  node.hub.push('org/model', { branch: 'v9', files: {} });
  node.hub.addRepo({ name: 'org/none', files: { 'config.json': '{}' } });
  node.clock.advance(31);
  expect((await missingRevision()).entry.size).toBe(2);
  expect((await missingRepo()).entry.size).toBe(2);
});

test('an outage or a 429 is never remembered as an answer', async () => {
  await using node = await openReposFixture({ repos });
  for (const [status, code] of [
    [429, 'RATE_LIMITED'],
    [503, 'UPSTREAM_UNAVAILABLE'],
  ] as const) {
    const repaired = node.hub.setFault('*', { status, retryAfter: 1 });
    await expect(node.repos.entry(nobody, org, 'main', 'config.json')).rejects.toMatchObject({ code });
    await expect(node.repos.revision(nobody, org, 'main')).rejects.toMatchObject({ code });
    repaired();
    node.clock.advance(60);
  }
  expect((await node.repos.entry(nobody, org, 'main', 'config.json')).stale).toBe(false);
});

test('when only the API quota is used up, a file that opens to everybody is still granted, for itself alone', async () => {
  await using node = await openReposFixture({ repos });
  node.hub.setFault({ kind: 'info' }, { status: 429, retryAfter: 60 });
  const grant = await node.repos.entry({ ...nobody, token: 'hf_x' }, org, 'main', 'config.json');
  expect(grant).toMatchObject({ access: 'restricted', token: undefined, entry: { size: 2 } });
  expect(node.catalog.repo(org)).toBeUndefined();
});

test('a client that reads a repo file by file makes the listing come, and then costs nothing more', async () => {
  const files = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`file-${i}.txt`, `${i}`]));
  await using node = await openReposFixture({ repos: [{ name: 'org/model', files }] });
  for (let i = 0; i < 16; i++) await node.repos.entry(nobody, org, 'main', `file-${i}.txt`);
  await expect.poll(() => node.catalog.tree(org, node.hub.commit('org/model'))).toBeDefined();
  node.takeRequests();
  for (let i = 0; i < 40; i++) await node.repos.entry(nobody, org, 'main', `file-${i}.txt`);
  for (let i = 0; i < 100; i++) await node.repos.entry(nobody, org, 'main', `made-up-${i}`).catch(() => {});
  expect(node.takeRequests()).toEqual([]);
});

test('a Hub that answers a question about one commit for another is not believed', async () => {
  const wrap = (client: HubClient): HubClient => ({
    ...client,
    resolveFile: (repo, _revision, path, call) => client.resolveFile(repo, 'main', path, call),
    repoInfo: (repo, _revision, call) => client.repoInfo(repo, 'main', call),
  });
  await using node = await openReposFixture({ repos }, { wrap });
  const old = node.hub.commit('org/model');
  node.hub.push('org/model', { files: { x: 'y' } });
  await expect(node.repos.entry(nobody, org, old, 'config.json')).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
  await expect(node.repos.revision(nobody, org, old)).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
});

test('names that cannot be are refused before anybody is asked', async () => {
  await using node = await openReposFixture({ repos });
  const wrong = [
    [model('../etc'), 'main', 'a'],
    [org, 'main\0x', 'a'],
    [org, 'main', '../a'],
    [org, 'main', 'a//b'],
  ] as const;
  for (const [repo, revision, path] of wrong) {
    await expect(node.repos.entry(nobody, repo, revision, path)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  }
  expect(node.takeRequests()).toEqual([]);
});

test('the rules of the operator hold for the name asked for and for the one it leads to', async () => {
  const secret = { name: 'secret/model', aliases: ['open/model'], files: { a: '1' } };
  await using node = await openReposFixture({ repos: [...repos, secret] }, { policy: { deny: ['secret/*'] } });
  await node.repos.entry(nobody, org, 'main', 'config.json');
  node.takeRequests();
  const denied = { code: 'NOT_ALLOWED', message: expect.stringContaining('secret/model') };
  await expect(node.repos.entry(nobody, model('secret/model'), 'main', 'a')).rejects.toMatchObject(denied);
  expect(node.takeRequests()).toEqual([]);
  await expect(node.repos.entry(nobody, model('open/model'), 'main', 'a')).rejects.toMatchObject(denied);
  await expect(node.repos.revision(nobody, model('open/model'), 'main')).rejects.toMatchObject(denied);
  await expect(node.repos.tree(nobody, model('open/model'), 'main')).rejects.toMatchObject(denied);
});
