import { expect, test } from 'vitest';
import { demoRepos } from '../../../src/sample-hub/index.ts';
import { hasPeer, missing, peerFolder } from '../../support/peers.ts';
import { runProgram } from '../../support/run-program.ts';
import { sampleHub } from '../../support/sample-hub.ts';
import { tempDir } from '../../support/temp-dir.ts';

const PEER = 'transformers';
const skip = missing(hasPeer(PEER), '@huggingface/transformers', `npm ci --prefix test/peers/${PEER}`);

test.skipIf(skip)('a feature-extraction pipeline of transformers.js runs on the generated model', async () => {
  const hub = await sampleHub({ repos: demoRepos() });
  const texts = ['hello world', 'test', 'Hello  World'];
  const args = ['feature-extraction.mjs', `${hub.url}/`, 'sample/tiny-bert', await tempDir(), ...texts];
  const result = await runProgram(process.execPath, args, { cwd: peerFolder(PEER) });
  expect(result).toMatchObject({ code: 0 });
  const { dims, rows } = JSON.parse(result.stdout) as { dims: number[]; rows: number[][] };
  expect(dims).toEqual([3, 32]);
  const [first = [], second = [], same = []] = rows;
  const dot = (a: number[], b: number[]) => a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
  expect(dot(first, first)).toBeCloseTo(1, 5);
  expect(dot(first, same)).toBeCloseTo(1, 5);
  expect(dot(first, second)).toBeLessThan(0.99);
  expect(hub.requests.find((request) => request.path === 'onnx/model.onnx' && request.host === 'cdn')?.status).toBe(
    200,
  );
});
