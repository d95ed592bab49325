import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readAll, scriptedHub, testHubClient } from '../../test/support/loopback-hub.ts';
import { recordingLogger } from '../../test/support/recording-logger.ts';
import { sampleHub } from '../../test/support/sample-hub.ts';
import { VERSION } from '../base/version.ts';
import type { RepoRef } from '../contracts/domain.ts';
import type { HubClient } from '../contracts/hub.ts';
import type { SampleHub } from '../sample-hub/index.ts';
import { createHubClient } from './hub-client.ts';

const READER = 'hf_readerreaderreaderreaderreaderreader';
const OTHER = 'hf_otherotherotherotherotherotherother';
const model = (id: string): RepoRef => ({ type: 'models', id });
const signal = new AbortController().signal;

const WEIGHTS = new Uint8Array(300_000).map((_, index) => (index * 31) % 256);
const FILES = {
  'config.json': '{"hidden_size": 8}',
  'empty.txt': '',
  'weights/model.safetensors': WEIGHTS,
  'odd names/я #1 100%.txt': 'odd',
};

async function standard(): Promise<{ hub: SampleHub; client: HubClient }> {
  const hub = await sampleHub({
    repos: [
      { name: 'org/public', files: FILES, aliases: ['legacy', 'old-org/old-name'] },
      { name: 'datasets/org/data', files: { 'a.csv': 'x' } },
      { name: 'spaces/org/space', files: { 'app.py': 'x' } },
      { name: 'org/gated', files: FILES, gated: 'manual' },
      { name: 'org/private', files: FILES, private: true },
      { name: 'org/disabled', files: FILES, disabled: true },
    ],
    accounts: [
      { token: READER, user: 'reader', grants: ['org/gated', 'org/private'] },
      { token: OTHER, user: 'other' },
    ],
  });
  return { hub, client: testHubClient(hub.url) };
}

describe('against a whole hub', () => {
  test('every file of a public repo is resolved, listed and read, and all three agree', async () => {
    const { hub, client } = await standard();
    const repo = model('org/public');
    const commit = hub.commit('org/public');
    const tree = await client.tree(repo, commit);
    expect(tree.entries.map(({ path }) => path).sort()).toEqual(Object.keys(FILES).sort());
    expect(tree.directories.map(({ path }) => path).sort()).toEqual(['odd names', 'weights']);
    expect(await client.pathsInfo(repo, commit, [...Object.keys(FILES), 'weights', 'missing'])).toEqual(
      expect.arrayContaining([...tree.entries]),
    );
    for (const [path, content] of Object.entries(FILES)) {
      const file = await client.resolveFile(repo, 'main', path);
      const entry = tree.entries.find((item) => item.path === path);
      expect(file).toMatchObject({ repo, commit, path, size: entry?.size });
      expect(file.sha256 ?? file.gitOid).toBe(entry?.sha256 ?? entry?.gitOid);
      const { location } = file;
      const bytes = await readAll(client.source(file, { location }).read(0, file.size, { signal }));
      expect(bytes).toEqual(typeof content === 'string' ? new TextEncoder().encode(content) : content);
    }
  });

  test('info, refs that move, short ids and all three kinds of repos are understood', async () => {
    const { hub, client } = await standard();
    const commit = hub.commit('org/public');
    const plain = { private: false, gated: false, disabled: false };
    expect(await client.repoInfo(model('org/public'), undefined)).toEqual({
      repo: model('org/public'),
      commit,
      ...plain,
      licenses: [],
    });
    const next = hub.push('org/public', { branch: 'refs/pr/1', files: { 'new.txt': 'new' } });
    expect((await client.repoInfo(model('org/public'), 'refs/pr/1')).commit).toBe(next);
    expect((await client.resolveFile(model('org/public'), 'refs/pr/1', 'new.txt')).commit).toBe(next);
    expect((await client.resolveFile(model('org/public'), commit.slice(0, 8), 'config.json')).commit).toBe(commit);
    for (const type of ['datasets', 'spaces'] as const) {
      const repo = { type, id: type === 'datasets' ? 'org/data' : 'org/space' };
      expect(await client.repoInfo(repo, 'main')).toMatchObject({ repo, ...plain });
    }
  });

  test('old names lead to the canonical one', async () => {
    const { client } = await standard();
    for (const id of ['legacy', 'old-org/old-name']) {
      const { repo, commit } = await client.repoInfo(model(id), undefined);
      expect(repo).toEqual(model('org/public'));
      expect((await client.resolveFile(model(id), 'main', 'config.json')).repo).toEqual(repo);
      expect((await client.resolveFile(model(id), 'main', 'weights/model.safetensors')).sha256).toHaveLength(64);
      expect((await client.tree(model(id), commit)).repo).toEqual(repo);
      expect(await client.pathsInfo(model(id), commit, ['config.json'])).toHaveLength(1);
    }
  });

  test.each([
    ['a missing file', 'org/public', 'nothing.bin', undefined, 404, 'EntryNotFound'],
    ['a missing repo, anonymously', 'org/nothing', 'x', undefined, 401, 'RepoNotFound'],
    ['a missing repo, with a token', 'org/nothing', 'x', READER, 404, 'RepoNotFound'],
    ['a private repo, anonymously', 'org/private', 'config.json', undefined, 401, 'RepoNotFound'],
    ['a private repo, with the wrong token', 'org/private', 'config.json', OTHER, 404, 'RepoNotFound'],
    ['a gated repo, anonymously', 'org/gated', 'config.json', undefined, 401, 'GatedRepo'],
    ['a gated repo, not granted', 'org/gated', 'config.json', OTHER, 403, 'GatedRepo'],
    ['a disabled repo', 'org/disabled', 'config.json', undefined, 403, undefined],
    ['a bad token on a public repo', 'org/public', 'config.json', 'hf_bad', 401, undefined],
  ])('%s is refused as the Hub words it', async (_, id, path, token, status, errorCode) => {
    const { client } = await standard();
    const error: unknown = await client
      .resolveFile(model(id), 'main', path, { token })
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'HUB_REFUSED', status, hub: { status, message: expect.stringMatching(/./) } });
    expect((error as { hub: { errorCode?: string } }).hub.errorCode).toBe(errorCode);
    expect(JSON.stringify(error) + String(error)).not.toContain('hf_');
  });

  test('the words by which clients recognise a refusal are kept exactly', async () => {
    const { client } = await standard();
    const words = async (id: string, token?: string) => {
      const error = await client.resolveFile(model(id), 'main', 'config.json', { token }).catch((reason) => reason);
      return error.hub.message;
    };
    expect(await words('org/public', 'hf_bad')).toBe('Invalid credentials in Authorization header');
    expect(await words('org/disabled')).toBe('Access to this resource is disabled.');
    expect(await words('org/nothing')).toBe('Invalid username or password.');
    expect(await words('org/gated')).toContain('Access to model org/gated is restricted');
  });

  test('a missing revision is refused, and a missing file names its commit', async () => {
    const { hub, client } = await standard();
    const repo = model('org/public');
    const refused = { code: 'HUB_REFUSED', hub: { status: 404, errorCode: 'RevisionNotFound' } };
    await expect(client.resolveFile(repo, 'nowhere', 'config.json')).rejects.toMatchObject(refused);
    await expect(client.repoInfo(repo, 'nowhere')).rejects.toMatchObject(refused);
    await expect(client.tree(repo, 'f'.repeat(40))).rejects.toMatchObject(refused);
    const commit = hub.commit('org/public');
    await expect(client.resolveFile(repo, 'main', 'nothing')).rejects.toMatchObject({ hub: { commit } });
  });

  test('with a token that the Hub accepts, gated and private files are read', async () => {
    const { client } = await standard();
    for (const id of ['org/gated', 'org/private']) {
      const file = await client.resolveFile(model(id), 'main', 'weights/model.safetensors', { token: READER });
      const source = client.source(file, { token: READER });
      expect(await readAll(source.read(100, 200, { signal }))).toEqual(WEIGHTS.slice(100, 200));
    }
  });

  test('the tree of a gated repo is public, without its masked xet hashes', async () => {
    const { hub, client } = await standard();
    const tree = await client.tree(model('org/gated'), hub.commit('org/gated'));
    const weights = tree.entries.find(({ path }) => path.startsWith('weights/'));
    expect(weights).toMatchObject({ sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(weights).not.toHaveProperty('xetHash');
  });

  test('the token reaches the hub, and only the hub', async () => {
    const { hub, client } = await standard();
    const file = await client.resolveFile(model('org/gated'), 'main', 'weights/model.safetensors', { token: READER });
    await readAll(client.source(file, { token: READER }).read(0, file.size, { signal }));
    const cdn = hub.requests.filter(({ host }) => host === 'cdn');
    expect(cdn.length).toBeGreaterThan(0);
    for (const { token } of cdn) expect(token).toBeUndefined();
    for (const { token } of hub.requests.filter(({ host }) => host === 'hub')) expect(token).toBe(READER);
  });

  test('a long listing comes page by page', async () => {
    const names = Array.from({ length: 2345 }, (_, index) => `d${index % 7}/f${index}.txt`);
    const hub = await sampleHub({
      repos: [{ name: 'org/many', files: Object.fromEntries(names.map((name) => [name, name])) }],
    });
    const tree = await testHubClient(hub.url).tree(model('org/many'), hub.commit('org/many'));
    expect(tree.entries.map(({ path }) => path).sort()).toEqual(names.sort());
  });

  test.each([
    ['SHA-256', { listedSha256: 'b'.repeat(64) }],
    ['size', { listedSize: 5 }],
    ['git oid', { listedOid: 'b'.repeat(40) }],
  ])('a listing that lies about the %s of an LFS file is refused', async (_, fault) => {
    const { hub, client } = await standard();
    const path = 'weights/model.safetensors';
    hub.setFault({ repo: 'org/public', path }, fault);
    const refused = expect.objectContaining({
      code: 'INTEGRITY',
      message: expect.stringMatching(/org\/public.*weights\/model/),
    });
    await expect(client.tree(model('org/public'), hub.commit('org/public'))).rejects.toEqual(refused);
    await expect(client.pathsInfo(model('org/public'), hub.commit('org/public'), [path])).rejects.toEqual(refused);
  });

  test('hubs that answer directly, without Xet, or without some headers are understood', async () => {
    const { hub, client } = await standard();
    const ask = (path: string) => client.resolveFile(model('org/public'), 'main', path);
    const [plain, lfs] = [await ask('config.json'), await ask('weights/model.safetensors')];
    for (const fault of [
      { plainFiles: 'direct' as const, xet: false },
      { withoutHeaders: ['X-Linked-Size'] },
      { withoutHeaders: ['X-Linked-Etag', 'ETag'] },
      { withoutHeaders: ['Content-Length', 'X-Linked-Size'] },
    ]) {
      hub.setFault('*', fault);
      expect(await ask('config.json')).toEqual(plain);
      expect(await ask('weights/model.safetensors')).toMatchObject({ size: lfs.size, sha256: lfs.sha256 });
      hub.clearFaults();
    }
  });

  test('signed URLs that live for no time at all are asked for again', async () => {
    const { hub, client } = await standard();
    const file = await client.resolveFile(model('org/public'), 'main', 'weights/model.safetensors');
    const expired = new URL(file.location ?? '');
    for (const name of [...expired.searchParams.keys()]) expired.searchParams.set(name, '1');
    const source = client.source(file, { location: expired.href });
    expect(await readAll(source.read(0, file.size, { signal }))).toEqual(WEIGHTS);
    expect(hub.requests.some(({ host, status }) => host === 'cdn' && status === 403)).toBe(true);
  });

  test.each([
    ['reset', { reset: true }, 'UPSTREAM_UNAVAILABLE'],
    ['503', { status: 503 }, 'UPSTREAM_UNAVAILABLE'],
    ['504', { status: 504 }, 'UPSTREAM_TIMEOUT'],
  ])('an outage (%s) is tried four times, then told; one that passes is not seen', async (_, fault, code) => {
    const { hub, client } = await standard();
    hub.setFault('*', fault);
    await expect(client.repoInfo(model('org/public'), 'main')).rejects.toMatchObject({ code });
    hub.clearFaults();
    hub.setFault('*', fault, 3);
    await expect(client.repoInfo(model('org/public'), 'main')).resolves.toMatchObject({ private: false });
  });
});

test('nothing that is logged holds a token or a signed URL', async () => {
  const logger = recordingLogger();
  const { hub } = await standard();
  const client = testHubClient(hub.url, { logger });
  hub.setFault({ host: 'cdn' }, { status: 403 });
  hub.setFault({ kind: 'resolve' }, { status: 503 }, 1);
  const file = await client.resolveFile(model('org/gated'), 'main', 'weights/model.safetensors', { token: READER });
  const source = client.source(file, { token: READER, location: file.location });
  await expect(readAll(source.read(0, 10, { signal }))).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  hub.setFault({ kind: 'resolve' }, { status: 429 });
  await client.resolveFile(model('org/gated'), 'main', 'config.json', { token: READER }).catch(() => {});
  const text = JSON.stringify(logger.lines);
  expect(logger.lines.length).toBeGreaterThanOrEqual(3);
  expect(text).not.toContain(READER);
  for (const value of new URL(file.location ?? '').searchParams.values()) expect(text).not.toContain(value);
});

test('unusable names are refused before anything is sent', async () => {
  const { server, client } = await scriptedHub((_, response) => response.end());
  const bad = expect.objectContaining({ code: 'BAD_REQUEST' });
  await expect(client.resolveFile(model('../x'), 'main', 'f')).rejects.toEqual(bad);
  await expect(client.resolveFile(model('a/b'), 'main', '../f')).rejects.toEqual(bad);
  await expect(client.repoInfo(model('a/b/c'), undefined)).rejects.toEqual(bad);
  await expect(client.tree(model('a/b'), '..')).rejects.toEqual(bad);
  await expect(client.pathsInfo(model('a/b'), 'main', ['a', '/etc'])).rejects.toEqual(bad);
  await expect(client.pathsInfo(model('a/b'), 'main', Array(2001).fill('a'))).rejects.toEqual(bad);
  expect(() => client.source({ repo: model('a/b'), commit: 'main', path: 'a//b', size: 1 })).toThrow(bad);
  expect(await client.pathsInfo(model('a/b'), 'main', [])).toEqual([]);
  expect(server.requests).toEqual([]);
});

test.each(['huggingface.co', 'ftp://x', 'https://user:pass@x', 'https://x?a=b', ''])(
  'the endpoint %j is refused',
  (endpoint) => {
    const error = expect.objectContaining({ code: 'CONFIG', message: expect.not.stringContaining('pass') });
    expect(() => createHubClient({ endpoint })).toThrow(error);
  },
);

test('the version in the User-Agent is the one of the package', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(VERSION).toBe(version);
});
