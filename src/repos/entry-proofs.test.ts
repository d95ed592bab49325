import { expect, test } from 'vitest';
import { model, openReposFixture } from '../../test/support/repos-fixture.ts';

const nobody = { client: '192.0.2.1' };
const org = model('org/model');
const files = { 'config.json': '{}', 'model.bin': 'weights' };
const repos = [{ name: 'org/model', files }];
const zeros = (digits: number) => '0'.repeat(digits);

test('the proof of a look-up is the entry of the listing, and is kept', async () => {
  await using node = await openReposFixture({ repos });
  for (const path of ['config.json', 'model.bin']) {
    const grant = await node.repos.entry(nobody, org, 'main', path);
    const { gitOid, sha256, size } = node.hub.file('org/model', path);
    expect(await grant.proof()).toMatchObject({ path, gitOid, size, ...(sha256 ? { sha256 } : {}) });
    expect(node.catalog.entry(org, grant.commit, path)).toEqual(await grant.proof());
  }
});

test('proofs that are wanted together are one question', async () => {
  const many = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`file-${i}`, `content ${i}`]));
  await using node = await openReposFixture({ repos: [{ name: 'org/model', files: many }] });
  const grants = await Promise.all(Object.keys(many).map((path) => node.repos.entry(nobody, org, 'main', path)));
  node.takeRequests();
  await Promise.all(grants.flatMap((grant) => [grant.proof(), grant.proof()]));
  const commit = node.hub.commit('org/model');
  expect(node.takeRequests()).toEqual([`anonymous POST /api/models/org/model/paths-info/${commit}`]);
});

test('with a stored listing the proof costs nothing', async () => {
  await using node = await openReposFixture({ repos });
  await node.repos.tree(nobody, org, 'main');
  const grant = await node.repos.entry(nobody, org, 'main', 'model.bin');
  node.takeRequests();
  await grant.proof();
  expect(node.takeRequests()).toEqual([]);
});

test('the proof of a private file is asked for with the token that was granted it', async () => {
  const account = { token: 'hf_reader', user: 'reader', grants: ['org/model'] };
  await using node = await openReposFixture({
    repos: [{ name: 'org/model', private: true, files }],
    accounts: [account],
  });
  const grant = await node.repos.entry({ ...nobody, token: 'hf_reader' }, org, 'main', 'model.bin');
  node.takeRequests();
  expect((await grant.proof()).gitOid).toBe(node.hub.file('org/model', 'model.bin').gitOid);
  expect(node.takeRequests()).toEqual([expect.stringMatching(/^hf_reader POST .*\/paths-info\//)]);
});

test('a listing that contradicts /resolve is an error that names repo, commit and file', async () => {
  const lies = [
    ['config.json', { listedOid: zeros(40) }],
    ['config.json', { listedSize: 3 }],
    ['model.bin', { linkedEtag: `"${zeros(64)}"` }],
    ['model.bin', { linkedSize: 8 }],
  ] as const;
  for (const [path, lie] of lies) {
    await using node = await openReposFixture({ repos });
    const honest = node.hub.setFault({ repo: 'org/model', path }, lie);
    const grant = await node.repos.entry(nobody, org, 'main', path);
    const name = `org/model@${grant.commit}/${path}`;
    await expect(grant.proof()).rejects.toMatchObject({ code: 'INTEGRITY', message: expect.stringContaining(name) });
    expect(node.catalog.entry(org, grant.commit, path)).toBeUndefined();
    honest();
    const again = await node.repos.entry(nobody, org, 'main', path);
    await expect(again.proof()).resolves.toMatchObject({ path });
  }
});

test('a file that /resolve describes and the listing does not have is an error', async () => {
  await using node = await openReposFixture({ repos });
  const grant = await node.repos.entry(nobody, org, 'main', 'model.bin');
  const { tree, commit } = await node.repos.tree(nobody, org, 'main');
  node.catalog.putTree({ ...tree, entries: tree.entries.filter((entry) => entry.path !== 'model.bin') });
  expect(node.catalog.entry(org, commit, 'model.bin')).toBeUndefined();
  await expect(grant.proof()).rejects.toMatchObject({ code: 'INTEGRITY' });
});

test('a proof that an outage prevented is asked for again', async () => {
  await using node = await openReposFixture({ repos });
  const grant = await node.repos.entry(nobody, org, 'main', 'model.bin');
  const repaired = node.hub.setFault('*', { status: 503 });
  await expect(grant.proof()).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  repaired();
  await expect(grant.proof()).resolves.toMatchObject({ path: 'model.bin' });
});
