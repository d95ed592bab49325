import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { demoRepos } from '../../../src/sample-hub/index.ts';
import { hasPeer, missing, peerFolder } from '../../support/peers.ts';
import { runProgram } from '../../support/run-program.ts';
import { sampleHub } from '../../support/sample-hub.ts';
import { tempDir } from '../../support/temp-dir.ts';

const PEER = 'huggingface-hub';
const skip = missing(hasPeer(PEER), '@huggingface/hub', `npm ci --prefix test/peers/${PEER}`);

test.skipIf(skip)('@huggingface/hub lists, asks and downloads', async () => {
  const hub = await sampleHub({ repos: demoRepos() });
  hub.setFault('*', { xet: false });
  const repo = 'sample/tiny-bert';
  const path = 'onnx/model.onnx';
  const model = hub.file(repo, path);
  const bytes = model.content?.read(0, model.size) ?? new Uint8Array();
  const result = await snapshot([hub.url, repo, await tempDir(), path]);
  expect(result.stderr).toBe('');
  const answer = JSON.parse(result.stdout.split('\n').findLast((line) => line.startsWith('{')) ?? '');
  expect(answer).toMatchObject({
    info: { size: model.size },
    size: model.size,
    slice: Buffer.from(bytes.slice(10, 20)).toString('hex'),
    missing: null,
    exists: [true, false],
    sha: hub.commit(repo),
    paths: [path],
  });
  expect(answer.files).toContainEqual({ type: 'file', path, size: model.size, sha256: model.sha256 });
  expect(answer.files).toContainEqual({ type: 'directory', path: 'onnx', size: 0 });
  expect(readFileSync(join(answer.folder, path))).toEqual(Buffer.from(bytes));
});

test.skipIf(skip)('@huggingface/hub follows the Xet signals', async () => {
  const hub = await sampleHub({ repos: demoRepos() });
  const result = await snapshot([hub.url, 'sample/tiny-bert', await tempDir(), 'onnx/model.onnx']);
  expect(result.code).not.toBe(0);
  expect(hub.requests.map((request) => request.kind)).toContain('xet-read-token');
});

test.skipIf(skip)('@huggingface/hub trips over a file without bytes, as over that of the real Hub', async () => {
  const hub = await sampleHub({ repos: [{ name: 'org/empty', files: { 'a.txt': 'a', 'z.py': '' } }] });
  const result = await snapshot([hub.url, 'org/empty', await tempDir(), 'a.txt']);
  expect(result.code).not.toBe(0);
  expect(result.stderr).toContain('416');
});

function snapshot(args: string[]): ReturnType<typeof runProgram> {
  return runProgram(process.execPath, ['snapshot.mjs', ...args], { cwd: peerFolder(PEER) });
}
