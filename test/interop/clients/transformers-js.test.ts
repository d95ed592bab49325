import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoRepos } from '../../../src/sample-hub/index.ts';
import { hasPeer, missing } from '../../support/peers.ts';
import { type ClientBed, coldThenWarm, createClientBed, noIsolation } from './client-bed.ts';
import { runNode } from './node-client.ts';
import { expectPublishedFile, publishedBytes, publishedPaths } from './published.ts';

const PEER = 'transformers';
const skip = missing(hasPeer(PEER), '@huggingface/transformers 4.3.1', 'npm test -- --yes') || noIsolation();
const MODEL = 'sample/tiny-bert';
const TEXT = 'Hello world, a test';

interface Features {
  readonly dims: readonly number[];
  readonly data: readonly number[];
}

describe.skipIf(skip)('@huggingface/transformers in Node through the mirror', () => {
  let bed: ClientBed;
  beforeAll(async () => {
    bed = await createClientBed({ repos: demoRepos() });
  });
  afterAll(() => bed.close());

  it('runs a pipeline on the model and computes what it computes from local files', async () => {
    const folder = await bed.folder();
    for (const path of await publishedPaths(bed.hub, { repo: MODEL })) {
      const local = join(folder, MODEL, path);
      await mkdir(dirname(local), { recursive: true });
      await writeFile(local, publishedBytes(bed.hub, { repo: MODEL }, path));
    }
    const run = (argument: object) =>
      runNode<Features>(bed, PEER, 'feature-extraction.mjs', { model: MODEL, text: TEXT, ...argument });
    const expected = await run({ folder });
    expect(expected.dims[0]).toBe(1);
    expect(new Set(expected.data).size).toBeGreaterThan(10);

    const { url } = await bed.mirror();
    await coldThenWarm(bed.hub, async () => {
      const cache = await bed.folder();
      expect(await run({ host: `${url}/`, cache })).toEqual(expected);
      for (const path of ['config.json', 'tokenizer.json', 'onnx/model.onnx']) {
        await expectPublishedFile(bed.hub, { repo: MODEL }, path, join(cache, MODEL, path));
      }
    });
    // Weights in another format are none of its business.
    expect(bed.hub.bytesSent(MODEL, 'model.safetensors')).toBe(0);
  });
});
