import { expect, test } from 'vitest';
import { model, openReposFixture } from '../../test/support/repos-fixture.ts';

const client = '192.0.2.1';
const nobody = { client };
const reader = { client, token: 'hf_reader' };
const forger = { client, token: 'hf_forger' };
const secret = 'secret weights';
const owned = { name: 'org/private', private: true, files: { 'model.bin': secret } };
const honest = {
  name: 'org/public',
  files: { 'model.bin': secret, 'copy.bin': secret, 'notes.txt': 'x', 'empty.bin': '' },
};
const accounts = [
  { token: 'hf_reader', user: 'reader', grants: ['org/private'] },
  { token: 'hf_forger', user: 'forger', grants: ['forger/private'] },
];

/** A pointer to bytes of a private repo, committed by somebody who cannot read them. */
async function openForged() {
  const node = await openReposFixture({ repos: [owned], accounts });
  const { sha256 = '', size } = node.hub.file('org/private', 'model.bin');
  const files = { 'stolen.bin': { pointer: { sha256, size } } };
  node.hub.addRepo({ name: 'forger/public', files });
  node.hub.addRepo({ name: 'forger/private', private: true, files });
  return node;
}

test('an LFS file is servable once the Hub has sent a byte of it for its repo, for everybody and after a restart', async () => {
  await using node = await openReposFixture({ repos: [honest] });
  await node.repos.tree(nobody, model('org/public'), 'main');
  const grant = await node.repos.entry(nobody, model('org/public'), 'main', 'model.bin');
  node.hub.resetCounters();
  await grant.verifyServable();
  expect(node.hub.bytesSent('org/public')).toBe(1);
  expect(node.hub.requests.map((request) => request.kind)).toContain('resolve');
  node.takeRequests();
  await grant.verifyServable();
  const again = await node.reopen().entry(nobody, model('org/public'), 'main', 'model.bin');
  await again.verifyServable();
  expect(node.takeRequests()).toEqual([]);
});

test('another path or commit of a public repo with the same object needs no second proof', async () => {
  await using node = await openReposFixture({ repos: [honest] });
  await (await node.repos.entry(nobody, model('org/public'), 'main', 'model.bin')).verifyServable();
  const moved = node.hub.push('org/public', { files: { 'notes.txt': 'y' } });
  const grants = [
    await node.repos.entry(nobody, model('org/public'), 'main', 'copy.bin'),
    await node.repos.entry(nobody, model('org/public'), moved, 'model.bin'),
  ];
  node.takeRequests();
  for (const grant of grants) await grant.verifyServable();
  expect(node.takeRequests()).toEqual([]);
});

test('plain and empty files need no proof: their content id names the repo, or there is nothing to give away', async () => {
  await using node = await openReposFixture({ repos: [honest] });
  for (const path of ['notes.txt', 'empty.bin']) {
    const grant = await node.repos.entry(nobody, model('org/public'), 'main', path);
    node.takeRequests();
    await grant.verifyServable();
    expect(node.takeRequests()).toEqual([]);
  }
});

test('bytes that came with a grant prove it without another question', async () => {
  await using node = await openReposFixture({ repos: [owned, honest], accounts });
  const open = await node.repos.entry(nobody, model('org/public'), 'main', 'model.bin');
  const closed = await node.repos.entry(reader, model('org/private'), 'main', 'model.bin');
  open.noteServed();
  closed.noteServed();
  node.takeRequests();
  await open.verifyServable();
  await closed.verifyServable();
  expect(node.takeRequests()).toEqual([]);
});

test('a forged pointer opens nothing, whether its repo is public or the forger’s own private one', async () => {
  await using node = await openForged();
  const owner = await node.repos.entry(reader, model('org/private'), 'main', 'model.bin');
  await owner.verifyServable();
  for (const [caller, name] of [
    [nobody, 'forger/public'],
    [forger, 'forger/private'],
  ] as const) {
    for (const listed of [false, true]) {
      if (listed) await node.repos.tree(caller, model(name), 'main');
      const grant = await node.repos.entry(caller, model(name), 'main', 'stolen.bin');
      expect(grant.entry.sha256).toBe(owner.entry.sha256);
      await expect(grant.verifyServable()).rejects.toMatchObject({ name: 'SwarmError' });
    }
  }
  expect(node.catalog.servable(model('forger/public'), owner.entry.sha256 ?? '')).toBe(false);
});

test('a forged pointer that is asked for again and again does not reach the Hub again and again', async () => {
  await using node = await openForged();
  const grant = await node.repos.entry(nobody, model('forger/public'), 'main', 'stolen.bin');
  await expect(grant.verifyServable()).rejects.toThrow();
  node.takeRequests();
  for (let i = 0; i < 50; i++) await expect(grant.verifyServable()).rejects.toThrow();
  expect(node.takeRequests()).toEqual([]);
});

test('what the Hub served for a private repo proves nothing for a public one with the same pointer, nor for another token', async () => {
  await using node = await openReposFixture({
    repos: [owned, honest],
    accounts: [...accounts, { token: 'hf_second', user: 'second', grants: ['org/private'] }],
  });
  const owner = await node.repos.entry(reader, model('org/private'), 'main', 'model.bin');
  await owner.verifyServable();
  const second = await node.repos.entry({ client, token: 'hf_second' }, model('org/private'), 'main', 'model.bin');
  const open = await node.repos.entry(nobody, model('org/public'), 'main', 'model.bin');
  for (const grant of [second, open]) {
    node.hub.resetCounters();
    await grant.verifyServable();
    expect(node.hub.bytesSent()).toBe(1);
  }
});

test('a listing that names other bytes than /resolve is not believed', async () => {
  await using node = await openReposFixture({ repos: [honest] });
  await node.repos.tree(nobody, model('org/public'), 'main');
  const grant = await node.repos.entry(nobody, model('org/public'), 'main', 'model.bin');
  node.hub.setFault({ path: 'model.bin' }, { linkedEtag: `"${'0'.repeat(64)}"` });
  await expect(grant.verifyServable()).rejects.toMatchObject({ code: 'INTEGRITY' });
});

test('many callers share one proof, and one who leaves does not end it', async () => {
  await using node = await openReposFixture({ repos: [honest] });
  const grant = await node.repos.entry(nobody, model('org/public'), 'main', 'model.bin');
  node.hub.resetCounters();
  const leaving = new AbortController();
  const left = grant.verifyServable(leaving.signal);
  const others = Array.from({ length: 50 }, () => grant.verifyServable());
  leaving.abort(new Error('went away'));
  await expect(left).rejects.toThrow('went away');
  await Promise.all(others);
  expect(node.hub.bytesSent()).toBe(1);
});

test('without a proof an offline server hands out nothing, and with one it does', async () => {
  await using node = await openReposFixture({ repos: [honest] });
  const { commit } = await node.repos.tree(nobody, model('org/public'), 'main');
  const offline = node.reopen({ offline: true });
  const grant = await offline.entry(nobody, model('org/public'), commit, 'model.bin');
  await expect(grant.verifyServable()).rejects.toMatchObject({ code: 'OFFLINE' });
  (await node.repos.entry(nobody, model('org/public'), 'main', 'model.bin')).noteServed();
  await grant.verifyServable();
});
