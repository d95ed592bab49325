import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { contentChunks } from '../content.ts';
import { bigFiles } from './big-files.ts';

test('the SHA-256 constants are those of the bytes (two small enough to be read here)', () => {
  const computed = bigFiles({});
  for (const path of ['64m.bin', 'model.safetensors']) {
    const hash = createHash('sha256');
    const content = computed.get(path);
    for (const chunk of content ? contentChunks(content) : []) hash.update(chunk);
    expect(hash.digest('hex')).toBe(bigFiles().get(path)?.sha256);
  }
});

test('every big file has its size and its constant', () => {
  const files = Object.fromEntries(
    [...bigFiles()].map(([path, { size, sha256 }]) => [path, { size, known: sha256?.length }]),
  );
  expect(files).toMatchObject({
    '64m.bin': { size: 2 ** 26, known: 64 },
    '1g.bin': { size: 2 ** 30, known: 64 },
    '20g.bin': { size: 20e9, known: 64 },
    'model.safetensors': { known: 64 },
  });
});
