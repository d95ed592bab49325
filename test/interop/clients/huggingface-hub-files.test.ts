import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoRepos } from '../../../src/sample-hub/index.ts';
import { findHfPython, missing } from '../../support/peers.ts';
import { type ClientBed, coldThenWarm, createClientBed, expectNoXet, noIsolation } from './client-bed.ts';
import { expectPublishedFile, expectPublishedFolder, publishedBytes } from './published.ts';
import { type Call, callThroughMirror, readRanges } from './python-client.ts';

const skip = missing(findHfPython(), 'huggingface_hub 2.0.0', 'npm test -- --yes') || noIsolation();
const READER = `hf_${'r'.repeat(34)}`;
const MIB = 1 << 20;

describe.skipIf(skip)('files through huggingface_hub', () => {
  let bed: ClientBed;
  beforeAll(async () => {
    bed = await createClientBed({
      repos: demoRepos(),
      accounts: [{ token: READER, user: 'reader', grants: ['sample/gated-bert'] }],
    });
  });
  afterAll(() => bed.close());

  async function paths(endpoint: string, calls: readonly Call[], env?: Record<string, string>): Promise<string[]> {
    const returned = await callThroughMirror(bed, endpoint, calls, env);
    return returned.map((result) => {
      if (result.error !== undefined) throw new Error(`${result.error}: ${result.message}`);
      return String(result.value);
    });
  }

  it('snapshot_download brings models, datasets and spaces, whole or by pattern', async () => {
    const { url } = await bed.mirror();
    await coldThenWarm(bed.hub, async () => {
      const local = await bed.folder();
      const [whole, dataset, space, some] = await paths(url, [
        ['snapshot_download', { repo_id: 'sample/sharded' }],
        ['snapshot_download', { repo_id: 'sample/sentences', repo_type: 'dataset', local_dir: local }],
        ['snapshot_download', { repo_id: 'sample/hello', repo_type: 'space' }],
        ['snapshot_download', { repo_id: 'sample/tiny-bert', allow_patterns: ['*.json', '*.onnx'] }],
      ]);
      await expectPublishedFolder(bed.hub, { repo: 'sample/sharded' }, whole ?? '');
      expect(dataset).toBe(local);
      await expectPublishedFolder(bed.hub, { repo: 'datasets/sample/sentences' }, local);
      await expectPublishedFolder(bed.hub, { repo: 'spaces/sample/hello' }, space ?? '');
      await expectPublishedFolder(bed.hub, { repo: 'sample/tiny-bert' }, some ?? '', [
        'config.json',
        'onnx/model.onnx',
        'tokenizer.json',
        'tokenizer_config.json',
      ]);
    });
    expectNoXet(bed.hub);
  });

  it('hf_hub_download brings single files by branch, commit and into a local directory', async () => {
    const repo = 'sample/tiny-bert';
    const revision = bed.hub.commit(repo);
    const { url } = await bed.mirror();
    await coldThenWarm(bed.hub, async () => {
      const local = await bed.folder();
      const wanted: [path: string, args: Record<string, unknown>][] = [
        ['config.json', {}],
        ['model.safetensors', { revision }],
        ['onnx/model.onnx', { local_dir: local }],
      ];
      const found = await paths(
        url,
        wanted.map(([filename, args]): Call => ['hf_hub_download', { repo_id: repo, filename, ...args }]),
      );
      for (const [index, [path]] of wanted.entries()) {
        await expectPublishedFile(bed.hub, { repo }, path, found[index] ?? '');
      }
      expect(found[2]).toBe(join(local, 'onnx/model.onnx'));
    });
  });

  it('hf_hub_download brings an empty file, and files whose names need escaping', async () => {
    const repo = 'sample/hard-names';
    const names = [
      'pkg/__init__.py',
      'ünïcödé/weights (1).bin',
      'percent%20sign.txt',
      'hash#tag.txt',
      'question?mark.txt',
    ];
    const { url } = await bed.mirror();
    await coldThenWarm(bed.hub, async () => {
      const calls = names.map((filename): Call => ['hf_hub_download', { repo_id: repo, filename }]);
      for (const [index, path] of (await paths(url, calls)).entries()) {
        await expectPublishedFile(bed.hub, { repo }, names[index] ?? '', path);
      }
    });
  });

  it('brings a gated file to the owner of a token, given in the environment or in the call', async () => {
    const repo = 'sample/gated-bert';
    const call: Call = ['hf_hub_download', { repo_id: repo, filename: 'model.safetensors' }];
    const { url } = await bed.mirror();
    await coldThenWarm(bed.hub, async () => {
      const [byVariable] = await paths(url, [call], { HF_TOKEN: READER });
      const [byArgument] = await paths(url, [[call[0], { ...call[1], token: READER }]]);
      for (const path of [byVariable, byArgument]) {
        await expectPublishedFile(bed.hub, { repo }, 'model.safetensors', path ?? '');
      }
    });
    const anonymous = await callThroughMirror(bed, url, [call]);
    expect(anonymous).toMatchObject([{ error: 'GatedRepoError' }]);
  });

  it('HfFileSystem reads ranges of a cold file without fetching the rest, and of a warm one without the hub', async () => {
    const repo = 'sample/big-files';
    const path = '64m.bin';
    const ranges: [offset: number, length: number][] = [
      [0, 8],
      [40 * MIB + 3, 100_000],
      [MIB - 1, 2],
      [-1000, 1000],
    ];
    const { url } = await bed.mirror();
    const read = async () => {
      const parts = await readRanges(bed, url, `hf://${repo}/${path}`, ranges);
      for (const [index, [offset, length]] of ranges.entries()) {
        const end = offset + length === 0 ? undefined : offset + length;
        expect(parts[index]?.equals(publishedBytes(bed.hub, { repo }, path, offset, end)), `range ${index}`).toBe(true);
      }
    };
    await read();
    expect(bed.hub.bytesSent(repo, path)).toBeLessThan(48 * MIB);

    const [whole] = await paths(url, [['hf_hub_download', { repo_id: repo, filename: path }]]);
    await expectPublishedFile(bed.hub, { repo }, path, whole ?? '');
    const sent = bed.hub.bytesSent();
    await read();
    expect(bed.hub.bytesSent()).toBe(sent);
  });

  it('HfFileSystem lists, finds, and reads whole files', async () => {
    const { url } = await bed.mirror();
    await coldThenWarm(bed.hub, async () => {
      const [listed, found, text, bytes] = await callThroughMirror(bed, url, [
        ['HfFileSystem.ls', { path: 'datasets/sample/sentences/data', detail: false }],
        ['HfFileSystem.glob', { path: 'sample/tiny-bert/**/*.onnx' }],
        ['HfFileSystem.read_text', { path: 'sample/tiny-bert/config.json' }],
        ['HfFileSystem.cat_file', { path: 'sample/tiny-bert/model.safetensors', start: 8, end: 5000 }],
      ]);
      expect(listed).toEqual({
        value: ['datasets/sample/sentences/data/train.csv', 'datasets/sample/sentences/data/train.jsonl'],
      });
      expect(found).toEqual({ value: ['sample/tiny-bert/onnx/model.onnx'] });
      const bert = { repo: 'sample/tiny-bert' };
      expect(text).toEqual({ value: publishedBytes(bed.hub, bert, 'config.json').toString() });
      const part = publishedBytes(bed.hub, bert, 'model.safetensors', 8, 5000);
      expect(bytes).toEqual({ value: part.toString('base64') });
    });
  });

  it('get_safetensors_metadata reads the headers of one file, and of all shards', async () => {
    const { url } = await bed.mirror();
    const calls: Call[] = [
      ['get_safetensors_metadata', { repo_id: 'sample/tiny-bert' }],
      ['get_safetensors_metadata', { repo_id: 'sample/sharded' }],
    ];
    const [single, sharded] = await callThroughMirror(bed, url, calls);
    expect(single).toMatchObject({ value: { sharded: false, metadata: null } });
    expect(sharded).toMatchObject({ value: { sharded: true, parameter_count: { BF16: 6 * 1024 * 4096 } } });
    const { weight_map: map, files_metadata: files } = (sharded as { value: Record<string, object> }).value;
    expect(map).toMatchObject({ 'model.layers.5.weight': 'model-00003-of-00003.safetensors' });
    expect(Object.keys(files ?? {})).toHaveLength(3);
    // 48 MiB of weights stay where they are.
    expect(bed.hub.bytesSent('sample/sharded', 'model-00002-of-00003.safetensors')).toBeLessThan(16 * MIB);

    const sent = bed.hub.bytesSent();
    const again = await callThroughMirror(bed, url, calls);
    expect(again).toEqual([single, sharded]);
    expect(bed.hub.bytesSent()).toBe(sent);
  });
});
