import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { demoRepos } from '../../../src/sample-hub/index.ts';
import { hasCommand, missing } from '../../support/peers.ts';
import { runProgram } from '../../support/run-program.ts';
import { ask, sampleHub } from '../../support/sample-hub.ts';
import { tempDir } from '../../support/temp-dir.ts';

const skip = missing(hasCommand('git-lfs'), 'git-lfs', 'apt-get install git-lfs');

test.skipIf(skip)('git-lfs writes the same pointers, and git gives them the same ids', async () => {
  const hub = await sampleHub({ repos: demoRepos() });
  const folder = await tempDir();
  for (const [repo, path] of [
    ['sample/tiny-bert', 'onnx/model.onnx'],
    ['sample/llama-gguf', 'tiny-llama-Q8_0.gguf'],
    ['sample/sharded', 'model-00002-of-00003.safetensors'],
  ] as const) {
    const file = hub.file(repo, path);
    const target = join(folder, 'weights');
    await writeFile(target, file.content?.read(0, file.size) ?? '');
    const pointer = await runProgram('git-lfs', ['pointer', `--file=${target}`], { cwd: folder });
    expect((await ask(`${hub.url}/${repo}/raw/main/${path}`)).text).toBe(pointer.stdout);
    await writeFile(target, pointer.stdout);
    const oid = await runProgram('git', ['hash-object', '--no-filters', target], { cwd: folder });
    expect(oid.stdout.trim()).toBe(file.gitOid);
    expect(pointer.stdout).toHaveLength(125 + String(file.size).length);
  }
});
