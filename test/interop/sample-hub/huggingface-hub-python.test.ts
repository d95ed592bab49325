import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { demoRepos, type SampleHub } from '../../../src/sample-hub/index.ts';
import { findHf, findHfPython, missing } from '../../support/peers.ts';
import { type ProgramResult, runProgram } from '../../support/run-program.ts';
import { sampleHub } from '../../support/sample-hub.ts';
import { tempDir } from '../../support/temp-dir.ts';

const hf = findHf() ?? '';
const python = findHfPython() ?? '';
const skip = missing(
  findHf(),
  'the hf command',
  'python3 -m venv .venv && .venv/bin/pip install huggingface_hub==2.0.0',
);
const token = `hf_${'r'.repeat(34)}`;
const accounts = [{ token, user: 'reader', grants: ['sample/gated-bert'] }];
const NO_XET = { HF_HUB_DISABLE_XET: '1' };

test.skipIf(skip)('hf download brings a whole repo, each file under the hash that names its bytes', async () => {
  const hub = await sampleHub({ repos: demoRepos() });
  const home = await tempDir();
  const result = await download(hub, home, ['sample/tiny-bert'], NO_XET);
  expect(result).toMatchObject({ code: 0 });
  const commit = hub.commit('sample/tiny-bert');
  const cache = join(home, 'hub/models--sample--tiny-bert');
  for (const path of ['README.md', 'tokenizer.json', 'model.safetensors', 'onnx/model.onnx']) {
    const file = hub.file('sample/tiny-bert', path);
    const bytes = readFileSync(join(cache, 'snapshots', commit, path));
    expect(bytes).toEqual(Buffer.from(file.content?.read(0, file.size) ?? []));
    expect(readdirSync(join(cache, 'blobs'))).toContain(file.sha256 ?? file.gitOid);
  }
  expect(readFileSync(join(cache, 'refs/main'), 'utf8')).toBe(commit);
});

test.skipIf(skip)('hf download copes with difficult names and files without bytes', async () => {
  const hub = await sampleHub({ repos: demoRepos() });
  const folder = await tempDir();
  const result = await download(hub, await tempDir(), ['sample/hard-names', '--local-dir', folder], NO_XET);
  expect(result).toMatchObject({ code: 0 });
  for (const { path, size } of filesOf(hub, 'sample/hard-names'))
    expect(readFileSync(join(folder, path))).toHaveLength(size);
});

test.skipIf(skip)('hf download follows a listing of several pages', async () => {
  const hub = await sampleHub({ repos: demoRepos() });
  const folder = await tempDir();
  const result = await download(hub, await tempDir(), ['sample/many-files', '--local-dir', folder], NO_XET);
  expect(result).toMatchObject({ code: 0 });
  for (const { path, size } of filesOf(hub, 'sample/many-files')) expect(statSync(join(folder, path)).size).toBe(size);
  expect(hub.requests.filter((request) => request.kind === 'tree')).toHaveLength(2);
});

test.skipIf(skip)('hf download of a pull request, a dataset and a gated repo', async () => {
  const hub = await sampleHub({ repos: demoRepos(), accounts });
  hub.push('sample/tiny-bert', { branch: 'refs/pr/1', files: { 'README.md': 'from a pull request' } });
  const home = await tempDir();
  const pull = await download(hub, home, ['sample/tiny-bert', 'README.md', '--revision', 'refs/pr/1'], NO_XET);
  expect(pull.code).toBe(0);
  const readme = join(
    home,
    'hub/models--sample--tiny-bert/snapshots',
    hub.commit('sample/tiny-bert', 'refs/pr/1'),
    'README.md',
  );
  expect(readFileSync(readme, 'utf8')).toBe('from a pull request');
  expect((await download(hub, home, ['sample/sentences', '--repo-type', 'dataset'], NO_XET)).code).toBe(0);
  const refused = await download(hub, home, ['sample/gated-bert'], NO_XET);
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain('requires approval');
  expect((await download(hub, home, ['sample/gated-bert'], { ...NO_XET, HF_TOKEN: token })).code).toBe(0);
  expect(hub.requests.filter((request) => request.host === 'cdn' && request.token !== undefined)).toEqual([]);
});

test.skipIf(skip)('hf resumes a body that was cut off, and waits when it is told to', async () => {
  const hub = await sampleHub({ repos: demoRepos() });
  hub.setFault({ repo: 'sample/sharded', host: 'cdn', method: 'GET' }, { truncateAt: 12_000_000 }, 1);
  hub.setFault({ repo: 'sample/sharded', kind: 'resolve', method: 'GET' }, { status: 429, retryAfter: 1 }, 1);
  const path = 'model-00001-of-00003.safetensors';
  const folder = await tempDir();
  const result = await download(hub, await tempDir(), ['sample/sharded', path, '--local-dir', folder], NO_XET);
  expect(result).toMatchObject({ code: 0 });
  const { sha256 } = hub.file('sample/sharded', path);
  expect(
    createHash('sha256')
      .update(readFileSync(join(folder, path)))
      .digest('hex'),
  ).toBe(sha256);
  expect(hub.requests.find((request) => request.host === 'cdn' && request.range !== undefined)?.range).toBe(
    // It writes, and so resumes, by whole chunks of 10 MiB.
    'bytes=10485760-',
  );
});

test.skipIf(skip)(
  'a client with hf_xet follows the Xet signals, and reads over HTTP where there are none',
  async () => {
    const hub = await sampleHub({ repos: demoRepos() });
    const lured = await download(hub, await tempDir(), ['sample/tiny-bert', 'model.safetensors']);
    expect(lured.code).not.toBe(0);
    expect(hub.requests.map((request) => request.kind)).toContain('xet-read-token');
    hub.setFault('*', { xet: false });
    hub.resetCounters();
    expect((await download(hub, await tempDir(), ['sample/tiny-bert', 'model.safetensors'])).code).toBe(0);
    expect(hub.requests.map((request) => request.kind)).not.toContain('xet-read-token');
  },
);

test.skipIf(skip)('every function of the client that reads understands the answers', async () => {
  const hub = await sampleHub({ repos: demoRepos(), accounts });
  hub.addRepo({ name: 'sample/disabled', files: { 'a.txt': 'x' }, disabled: true });
  const bert = 'sample/tiny-bert';
  const first = hub.commit(bert);
  hub.moveRef(bert, 'refs/tags/v1', first);
  const second = hub.push(bert, { files: { 'README.md': '---\nlicense: mit\n---\nnew' } });
  const pull = hub.push(bert, { branch: 'refs/pr/1', files: { 'README.md': 'pull' } });
  const script = join(import.meta.dirname, 'hub_api.py');
  const result = await runProgram(python, [script, token], { env: environment(hub, await tempDir(), NO_XET) });
  expect(result.stderr).not.toContain('Traceback');
  const model = hub.file(bert, 'model.safetensors');
  expect(JSON.parse(result.stdout)).toMatchObject({
    sha: second,
    license: 'mit',
    sizes: { 'model.safetensors': model.size },
    sha256: { 'model.safetensors': model.sha256 },
    tree: { 'README.md': second, 'config.json': first, onnx: first },
    files: filesOf(hub, 'sample/many-files').map(({ path }) => path),
    paths: ['config.json', 'onnx'],
    branches: ['main'],
    tags: ['v1'],
    pulls: { 1: pull },
    pullInfo: pull,
    commits: [second, first],
    search: ['sample/llama-gguf'],
    datasets: ['sample/sentences'],
    spaceSdk: 'static',
    renamed: bert,
    weights: Array.from({ length: 6 }, (_, layer) => [
      `model.layers.${layer}.weight`,
      `model-0000${Math.floor(layer / 2) + 1}-of-00003.safetensors`,
    ]),
    parameters: { F32: expect.any(Number) },
    header: '{"',
    whoami: 'reader',
    gatedForReader: null,
    errors: {
      entry: 'RemoteEntryNotFoundError',
      revision: 'RevisionNotFoundError',
      gated: 'GatedRepoError',
      authCheck: 'GatedRepoError',
      missingWithToken: 'RepositoryNotFoundError',
      badToken: 'HfHubHTTPError',
      disabled: 'DisabledRepoError',
    },
    exists: [true, false],
  });
});

function download(
  hub: SampleHub,
  home: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<ProgramResult> {
  return runProgram(hf, ['download', ...args], { env: environment(hub, home, env) });
}

function environment(hub: SampleHub, home: string, env: Record<string, string>): Record<string, string> {
  return {
    HF_ENDPOINT: hub.url,
    HF_HOME: home,
    HF_HUB_DISABLE_TELEMETRY: '1',
    HF_HUB_DISABLE_UPDATE_CHECK: '1',
    ...env,
  };
}

function filesOf(hub: SampleHub, repo: string): { path: string; size: number }[] {
  const spec = demoRepos().find(({ name }) => name === repo);
  return Object.keys(spec?.files ?? {})
    .map((path) => hub.file(repo, path))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
}
