import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoRepos } from '../../../src/sample-hub/index.ts';
import { hasPeer, missing } from '../../support/peers.ts';
import { type ClientBed, coldThenWarm, createClientBed, expectNoXet, noIsolation } from './client-bed.ts';
import { runNode } from './node-client.ts';
import { expectPublishedFile, expectPublishedFolder, publishedPaths } from './published.ts';

const PEER = 'huggingface-hub';
const skip = missing(hasPeer(PEER), '@huggingface/hub 2.17.5', 'npm test -- --yes') || noIsolation();
const READER = `hf_${'r'.repeat(34)}`;
const STRANGER = `hf_${'s'.repeat(34)}`;

type Call = readonly [name: string, parameters: Readonly<Record<string, unknown>>, file?: string];
type Returned = { readonly value: unknown } | { readonly status?: number; readonly message: string };

describe.skipIf(skip)('@huggingface/hub through the mirror', () => {
  let bed: ClientBed;
  beforeAll(async () => {
    bed = await createClientBed({
      repos: demoRepos(),
      accounts: [
        { token: READER, user: 'reader', grants: ['sample/gated-bert'] },
        { token: STRANGER, user: 'stranger' },
      ],
    });
  });
  afterAll(() => bed.close());

  const call = (hubUrl: string, calls: readonly Call[]) =>
    runNode<Returned[]>(
      bed,
      PEER,
      'hub.mjs',
      calls.map(([name, parameters, file]) => [name, { ...parameters, hubUrl }, file]),
    );

  it.each(['sample/tiny-bert', 'sample/sharded', 'datasets/sample/sentences', 'spaces/sample/hello'])(
    'snapshotDownload brings the whole of %s into a cache',
    async (repo) => {
      const { url } = await bed.mirror();
      await coldThenWarm(bed.hub, async () => {
        const cacheDir = await bed.folder();
        const [returned] = await call(url, [['snapshotDownload', { repo, cacheDir }]]);
        const [folder = ''] = await readdir(cacheDir);
        const snapshot = join(cacheDir, folder, 'snapshots', bed.hub.commit(repo));
        expect(returned).toEqual({ value: snapshot });
        await expectPublishedFolder(bed.hub, { repo }, snapshot);
        for (const path of await publishedPaths(bed.hub, { repo })) {
          const { sha256, gitOid } = bed.hub.file(repo, path);
          expect(await readlink(join(snapshot, path))).toMatch(new RegExp(`/${sha256 ?? gitOid}$`));
        }
      });
      expectNoXet(bed.hub);
    },
  );

  it('downloadFile brings LFS files, plain files and files without bytes', async () => {
    const wanted: [repo: string, path: string][] = [
      ['sample/big-files', '64m.bin'],
      ['sample/tiny-bert', 'config.json'],
      ['sample/hard-names', 'pkg/__init__.py'],
    ];
    const { url } = await bed.mirror();
    await coldThenWarm(bed.hub, async () => {
      const folder = await bed.folder();
      const file = (index: number) => join(folder, String(index));
      const returned = await call(
        url,
        wanted.map(([repo, path], index) => ['downloadFile', { repo, path }, file(index)]),
      );
      expect(returned).toEqual(wanted.map(([repo, path]) => ({ value: { size: bed.hub.file(repo, path).size } })));
      for (const [index, [repo, path]] of wanted.entries()) {
        await expectPublishedFile(bed.hub, { repo }, path, file(index));
      }
    });
  });

  it('fileDownloadInfo learns size and ETag from one byte', async () => {
    const repo = 'sample/big-files';
    const path = '64m.bin';
    const { size, sha256 } = bed.hub.file(repo, path);
    const { url } = await bed.mirror();
    const calls: Call[] = [
      ['fileDownloadInfo', { repo, path }],
      ['fileDownloadInfo', { repo, path, revision: bed.hub.commit(repo) }],
      ['fileDownloadInfo', { repo, path: 'nothing.bin' }],
      ['fileExists', { repo, path }],
      ['fileExists', { repo, path: 'nothing.bin' }],
    ];
    for (const round of ['cold', 'warm']) {
      const [byBranch, byCommit, ...rest] = await call(url, calls);
      const info = { size, etag: `"${sha256}"`, url: expect.stringMatching(new RegExp(`^${url}/${repo}/resolve/`)) };
      expect(byBranch, round).toEqual({ value: info });
      expect(byCommit, round).toEqual({ value: info });
      expect(rest, round).toEqual([{ value: null }, { value: true }, { value: false }]);
    }
    expect(bed.hub.bytesSent(repo)).toBeLessThan(size / 2);
  });

  it('listFiles lists more than a page, a directory, and last commits', async () => {
    const { url } = await bed.mirror();
    const bert = { repo: 'sample/tiny-bert' };
    const calls: Call[] = [
      ['listFiles', { repo: 'sample/many-files', recursive: true }],
      ['listFiles', { ...bert, path: 'onnx' }],
      ['listFiles', { ...bert, recursive: true, expand: true }],
    ];
    const [many, directory, expanded] = (await call(url, calls)) as { value: Record<string, unknown>[] }[];
    expect(many?.value.filter(({ type }) => type === 'file')).toHaveLength(1200);
    const { size, sha256, gitOid } = bed.hub.file(bert.repo, 'onnx/model.onnx');
    const pointerSize = bed.hub.file(bert.repo, 'onnx/model.onnx').pointer?.length;
    expect(directory?.value).toEqual([
      { type: 'file', path: 'onnx/model.onnx', oid: gitOid, size, lfs: { oid: sha256, size, pointerSize } },
    ]);
    const lastCommit = expect.objectContaining({ id: bed.hub.commit(bert.repo) });
    expect(expanded?.value.find(({ path }) => path === 'config.json')).toMatchObject({ lastCommit });
  });

  it('modelInfo, datasetInfo and listModels find what is there', async () => {
    const { url } = await bed.mirror();
    const calls: Call[] = [
      ['modelInfo', { name: 'sample/tiny-bert', additionalFields: ['sha'] }],
      ['datasetInfo', { name: 'sample/sentences' }],
      ['listModels', { search: { owner: 'sample', query: 'bert' } }],
    ];
    for (const round of ['cold', 'warm']) {
      const [model, dataset, models] = await call(url, calls);
      const found = { name: 'sample/tiny-bert', task: 'feature-extraction', private: false, gated: false };
      expect(model, round).toMatchObject({ value: { ...found, sha: bed.hub.commit('sample/tiny-bert') } });
      expect(dataset, round).toMatchObject({ value: { name: 'sample/sentences' } });
      expect(models, round).toMatchObject({ value: expect.arrayContaining([expect.objectContaining(found)]) });
    }
  });

  it('brings a gated file to the owner of a token only', async () => {
    const { url } = await bed.mirror();
    const gated = { repo: 'sample/gated-bert', path: 'model.safetensors' };
    await coldThenWarm(bed.hub, async () => {
      const file = join(await bed.folder(), 'file');
      const [allowed, anonymous, stranger] = await call(url, [
        ['downloadFile', { ...gated, accessToken: READER }, file],
        ['downloadFile', gated],
        ['downloadFile', { ...gated, accessToken: STRANGER }],
      ]);
      expect(allowed).toHaveProperty('value');
      await expectPublishedFile(bed.hub, gated, gated.path, file);
      expect(anonymous).toMatchObject({ status: 401 });
      expect(stranger).toMatchObject({ status: 403 });
    });
  });

  it('gives missing repos, revisions and files the status that the Hub gives them', async () => {
    const { url } = await bed.mirror();
    const path = 'config.json';
    const returned = await call(url, [
      ['downloadFile', { repo: 'sample/nothing', path }],
      ['downloadFile', { repo: 'sample/nothing', path, accessToken: READER }],
      ['downloadFile', { repo: 'sample/tiny-bert', path, revision: 'nowhere' }],
      ['downloadFile', { repo: 'sample/tiny-bert', path: 'nothing.json' }],
    ]);
    expect(returned).toMatchObject([{ status: 401 }, { status: 404 }, { status: 404 }, { value: null }]);
  });
});
