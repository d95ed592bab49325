import { expect, test } from 'vitest';
import { ask, sampleHub } from '../../../test/support/sample-hub.ts';
import { describeFile } from '../repo-file.ts';
import { demoRepos } from './demo-repos.ts';

test('the same seed makes the same commits, another seed others', async () => {
  const commits = async (seed?: string) => {
    const hub = await sampleHub(seed === undefined ? {} : { seed });
    return Object.fromEntries(hub.repos.map((name) => [name, hub.commit(name)]));
  };
  const first = await commits();
  expect(await commits()).toEqual(first);
  const other = await commits('other');
  expect(other['sample/tiny-bert']).not.toBe(first['sample/tiny-bert']);
  expect(other['sample/big-files']).toBe(first['sample/big-files']);
});

test('a file of 20 GB is listed with its hash, and any range of it is there', async () => {
  const hub = await sampleHub({});
  const response = await fetch(`${hub.url}/sample/big-files/resolve/main/20g.bin`, { headers: { range: 'bytes=-5' } });
  expect(response.headers.get('content-range')).toBe('bytes 19999999995-19999999999/20000000000');
  expect((await response.arrayBuffer()).byteLength).toBe(5);
});

test('a listing of the repo with many files needs a second page', async () => {
  const hub = await sampleHub({});
  const answer = await ask(`${hub.url}/api/models/sample/many-files/tree/main?recursive=true`);
  expect(answer.json<object[]>()).toHaveLength(1000);
  expect(answer.headers.get('link')).toContain('rel="next"');
});

test('every weight file is LFS, every text is not', () => {
  for (const repo of demoRepos()) {
    for (const [path, source] of Object.entries(repo.files)) {
      const isWeights = /\.(bin|gguf|onnx|safetensors)$/.test(path);
      expect([path, describeFile(path, source).pointer !== undefined]).toEqual([path, isWeights]);
    }
  }
});
