import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoRepos } from '../../../src/sample-hub/index.ts';
import { findHfPython, missing } from '../../support/peers.ts';
import { type ClientBed, createClientBed, noIsolation } from './client-bed.ts';
import { type Call, callHub, callThroughMirror } from './python-client.ts';

const skip = missing(findHfPython(), 'huggingface_hub 2.0.0', 'npm test -- --yes') || noIsolation();

const READER = `hf_${'r'.repeat(34)}`;
const STRANGER = `hf_${'s'.repeat(34)}`;
const UNKNOWN = `hf_${'u'.repeat(34)}`;

describe.skipIf(skip)('the API through huggingface_hub', () => {
  let bed: ClientBed;
  beforeAll(async () => {
    bed = await createClientBed({
      repos: [
        ...demoRepos(),
        { name: 'org/history', files: { 'a.txt': 'first' } },
        { name: 'org/private', private: true, files: { 'a.txt': 'secret' } },
        { name: 'org/disabled', disabled: true, files: { 'a.txt': 'gone' } },
      ],
      accounts: [
        { token: READER, user: 'reader', grants: ['sample/gated-bert', 'org/private'] },
        { token: STRANGER, user: 'stranger' },
      ],
    });
    bed.hub.push('sample/hard-names', { remove: ['back\\slash.txt'] });
    bed.hub.moveRef('org/history', 'refs/tags/v1', bed.hub.commit('org/history'));
    bed.hub.push('org/history', { branch: 'refs/pr/1', files: { 'a.txt': 'proposed' } });
    bed.hub.push('org/history', { branch: 'dev', files: { 'b.txt': 'more' } });
    bed.hub.push('org/history', { files: { 'a.txt': 'second' } });
  });
  afterAll(() => bed.close());

  /** The calls return through the mirror, cold and warm, what they return from the hub; but no name of Xet. */
  async function expectSameAsHub(calls: readonly Call[]): Promise<void> {
    const { url } = await bed.mirror();
    const expected = (await callHub(bed, calls)).map(withoutXet).map(byPath);
    const cold = await callThroughMirror(bed, url, calls);
    const warm = await callThroughMirror(bed, url, calls);
    for (const [index, [name, args]] of calls.entries()) {
      const call = `${name} ${JSON.stringify(args)}`;
      expect(byPath(cold[index]), `${call}, cold`).toEqual(expected[index]);
      expect(byPath(warm[index]), `${call}, warm`).toEqual(expected[index]);
      expect(expected[index], call).toHaveProperty('value');
    }
  }

  it('describes models, datasets and spaces as the Hub does', async () => {
    const model = 'sample/tiny-bert';
    await expectSameAsHub([
      ['model_info', { repo_id: model }],
      ['model_info', { repo_id: model, revision: bed.hub.commit(model), files_metadata: true }],
      ['model_info', { repo_id: 'tiny-bert' }],
      ['model_info', { repo_id: 'sample/gated-bert' }],
      ['dataset_info', { repo_id: 'sample/sentences' }],
      ['space_info', { repo_id: 'sample/hello' }],
      ['repo_info', { repo_id: 'sample/sentences', repo_type: 'dataset', revision: 'main', files_metadata: true }],
    ]);
  });

  it('lists files, also when there are 1,200', async () => {
    await expectSameAsHub([
      ['list_repo_files', { repo_id: 'sample/tiny-bert' }],
      ['list_repo_files', { repo_id: 'sample/many-files' }],
      ['list_repo_tree', { repo_id: 'sample/many-files', recursive: true }],
      ['list_repo_tree', { repo_id: 'sample/many-files', path_in_repo: 'part-0007' }],
      ['list_repo_tree', { repo_id: 'sample/tiny-bert', expand: true }],
      ['list_repo_files', { repo_id: 'sample/sentences', repo_type: 'dataset' }],
      ['get_paths_info', { repo_id: 'sample/tiny-bert', paths: ['config.json', 'onnx', 'nothing'] }],
      ['get_paths_info', { repo_id: 'sample/tiny-bert', paths: ['onnx/model.onnx'], expand: true }],
    ]);
  });

  it('lists files whose names need escaping', async () => {
    await expectSameAsHub([
      ['list_repo_files', { repo_id: 'sample/hard-names' }],
      ['list_repo_tree', { repo_id: 'sample/hard-names', path_in_repo: 'ünïcödé' }],
      ['get_paths_info', { repo_id: 'sample/hard-names', paths: ['percent%20sign.txt', 'ünïcödé'] }],
    ]);
  });

  it('lists branches, tags, pull requests and commits', async () => {
    await expectSameAsHub([
      ['list_repo_refs', { repo_id: 'org/history' }],
      ['list_repo_refs', { repo_id: 'org/history', include_pull_requests: true }],
      ['list_repo_commits', { repo_id: 'org/history' }],
      ['list_repo_commits', { repo_id: 'org/history', revision: 'v1', formatted: true }],
    ]);
  });

  it('says what exists', async () => {
    await expectSameAsHub([
      ['repo_exists', { repo_id: 'sample/tiny-bert' }],
      ['repo_exists', { repo_id: 'sample/sentences', repo_type: 'dataset' }],
      ['file_exists', { repo_id: 'sample/tiny-bert', filename: 'config.json' }],
      ['file_exists', { repo_id: 'sample/tiny-bert', filename: 'nothing.json' }],
      ['revision_exists', { repo_id: 'org/history', revision: 'v1' }],
      ['revision_exists', { repo_id: 'org/history', revision: 'v2' }],
      ['auth_check', { repo_id: 'sample/tiny-bert' }],
      ['auth_check', { repo_id: 'sample/gated-bert', token: READER }],
      ['auth_check', { repo_id: 'org/private', token: READER }],
      ['whoami', { token: READER }],
    ]);
    // On a plain-http endpoint the client takes the Hub's bare 401 for something else; the mirror says what it is.
    const { url } = await bed.mirror();
    const repos: Call[] = ['sample/nothing', 'org/private'].map((repo_id) => ['repo_exists', { repo_id }]);
    expect(await callThroughMirror(bed, url, repos)).toEqual([{ value: false }, { value: false }]);
  });

  it('searches', async () => {
    await expectSameAsHub([
      ['list_models', { search: 'bert' }],
      ['list_models', { author: 'sample', limit: 2 }],
      ['list_datasets', { author: 'sample' }],
    ]);
  });

  it('gives file metadata: commit, ETag and size', async () => {
    const repo = 'sample/tiny-bert';
    const { url } = await bed.mirror();
    for (const path of ['config.json', 'onnx/model.onnx']) {
      const file = bed.hub.file(repo, path);
      const location = `${url}/${repo}/resolve/main/${path}`;
      const [returned] = await callThroughMirror(bed, url, [['get_hf_file_metadata', { url: location }]]);
      const expected = { commit_hash: bed.hub.commit(repo), etag: file.sha256 ?? file.gitOid, size: file.size };
      expect(returned).toEqual({ value: { ...expected, location, xet_file_data: null } });
    }
    expect(bed.hub.bytesSent()).toBe(0);
  });

  const file = (repo_id: string, more: object = {}): Call => [
    'hf_hub_download',
    { repo_id, filename: 'a.txt', ...more },
  ];
  const refusals: [why: string, error: string, calls: Call[]][] = [
    [
      'a repo that does not exist',
      'RepositoryNotFoundError',
      [
        ['model_info', { repo_id: 'sample/nothing' }],
        ['model_info', { repo_id: 'sample/nothing', token: READER }],
        ['dataset_info', { repo_id: 'sample/tiny-bert' }],
        ['list_repo_files', { repo_id: 'sample/nothing' }],
        ['list_repo_refs', { repo_id: 'sample/nothing' }],
        ['snapshot_download', { repo_id: 'sample/nothing', token: READER }],
        ['auth_check', { repo_id: 'sample/nothing' }],
        file('sample/nothing'),
        file('sample/nothing', { token: READER }),
      ],
    ],
    [
      'a private repo that is not the caller’s',
      'RepositoryNotFoundError',
      [
        ['model_info', { repo_id: 'org/private' }],
        ['model_info', { repo_id: 'org/private', token: STRANGER }],
        ['list_repo_tree', { repo_id: 'org/private', token: STRANGER }],
        ['auth_check', { repo_id: 'org/private', token: STRANGER }],
        file('org/private'),
        file('org/private', { token: STRANGER }),
      ],
    ],
    [
      'a gated repo that the caller may not read',
      'GatedRepoError',
      [
        ['hf_hub_download', { repo_id: 'sample/gated-bert', filename: 'README.md' }],
        ['hf_hub_download', { repo_id: 'sample/gated-bert', filename: 'model.safetensors', token: STRANGER }],
        ['auth_check', { repo_id: 'sample/gated-bert' }],
        ['auth_check', { repo_id: 'sample/gated-bert', token: STRANGER }],
      ],
    ],
    [
      'a revision that does not exist',
      'RevisionNotFoundError',
      [
        ['model_info', { repo_id: 'sample/tiny-bert', revision: 'nowhere' }],
        ['list_repo_tree', { repo_id: 'sample/tiny-bert', revision: 'nowhere' }],
        ['hf_hub_download', { repo_id: 'sample/tiny-bert', filename: 'config.json', revision: 'refs/pr/77' }],
      ],
    ],
    [
      'a file that does not exist',
      'RemoteEntryNotFoundError',
      [
        file('sample/tiny-bert'),
        file('sample/sentences', { repo_type: 'dataset' }),
        ['list_repo_tree', { repo_id: 'sample/tiny-bert', path_in_repo: 'nowhere' }],
      ],
    ],
    [
      'a disabled repo',
      'DisabledRepoError',
      [
        ['model_info', { repo_id: 'org/disabled' }],
        ['list_repo_files', { repo_id: 'org/disabled' }],
        ['HfFileSystem.read_text', { path: 'org/disabled/a.txt' }],
      ],
    ],
    [
      'a token that the Hub does not know where a token is needed',
      'HfHubHTTPError',
      [
        ['whoami', { token: UNKNOWN }],
        ['model_info', { repo_id: 'org/private', token: UNKNOWN }],
        ['hf_hub_download', { repo_id: 'sample/gated-bert', filename: 'README.md', token: UNKNOWN }],
        ['auth_check', { repo_id: 'sample/gated-bert', token: UNKNOWN }],
      ],
    ],
  ];

  it.each(refusals)('refuses %s with %s', async (_, error, calls) => {
    const { url } = await bed.mirror();
    for (const round of ['first', 'second']) {
      const returned = await callThroughMirror(bed, url, calls);
      for (const [index, [name, args]] of calls.entries()) {
        expect(returned[index], `${name} ${JSON.stringify(args)}, ${round}`).toMatchObject({ error });
      }
    }
    expect(bed.hub.bytesSent()).toBe(0);
  });

  it('opens a private repo to who may read it', async () => {
    const { url } = await bed.mirror();
    const repo = { repo_id: 'org/private', token: READER };
    const returned = await callThroughMirror(
      bed,
      url,
      [
        ['list_repo_files', repo],
        ['HfFileSystem.read_text', { path: 'org/private/a.txt' }],
      ],
      { HF_TOKEN: READER },
    );
    expect(returned).toEqual([{ value: ['a.txt'] }, { value: 'secret' }]);
    // Warm by now, and still not for others.
    const others: Call[] = [file('org/private'), file('org/private', { token: STRANGER })];
    const error = 'RepositoryNotFoundError';
    expect(await callThroughMirror(bed, url, others)).toMatchObject([{ error }, { error }]);
  });
});

/** The mirror takes every mention of Xet away, for clients would follow it past the mirror. */
function withoutXet(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, inner) => (/^xet_?hash$/i.test(key) ? null : inner)));
}

/** The order of directories among the files of a listing means nothing. */
function byPath(returned: unknown): unknown {
  const { value } = returned as { readonly value?: unknown };
  if (!Array.isArray(value) || typeof value[0]?.path !== 'string') return returned;
  return { value: value.toSorted((a, b) => (a.path < b.path ? -1 : 1)) };
}
