import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/system-clock.ts';
import { demoRepos } from '../../../src/sample-hub/index.ts';
import { findHf, missing } from '../../support/peers.ts';
import { type ClientBed, coldThenWarm, createClientBed, expectNoXet, noIsolation } from './client-bed.ts';
import { expectPublishedFile, expectPublishedFolder, publishedPaths } from './published.ts';

const hf = findHf() ?? 'hf';
const skip = missing(findHf(), 'huggingface_hub 2.0.0', 'npm test -- --yes') || noIsolation();

const READER = `hf_${'r'.repeat(34)}`;
const STRANGER = `hf_${'s'.repeat(34)}`;

describe.skipIf(skip)('hf download through the mirror', () => {
  let bed: ClientBed;
  beforeAll(async () => {
    bed = await createClientBed({
      repos: [...demoRepos(), { name: 'org/history', files: { 'a.txt': 'first', 'weights.bin': 'one' } }],
      accounts: [
        { token: READER, user: 'reader', grants: ['sample/gated-bert'] },
        { token: STRANGER, user: 'stranger' },
      ],
    });
    // It has a test of its own.
    bed.hub.push('sample/hard-names', { remove: ['back\\slash.txt'] });
  });
  afterAll(() => bed.close());

  /** Runs `hf download` with a cache of its own. Returns the path that it prints. */
  async function download(endpoint: string, args: readonly string[], env: Record<string, string> = {}) {
    const { stdout } = await bed.run(hf, ['download', '--quiet', ...args], { env: { HF_ENDPOINT: endpoint, ...env } });
    return stdout.trim();
  }

  it.each(['sample/tiny-bert', 'sample/sharded', 'sample/hard-names'])('brings the whole of %s', async (repo) => {
    const { url } = await bed.mirror();
    await coldThenWarm(bed.hub, async () => {
      await expectPublishedFolder(bed.hub, { repo }, await download(url, [repo]));
    });
    expectNoXet(bed.hub);
  });

  it('brings a repo in which a name has a backslash', async () => {
    const repo = 'org/backslash';
    bed.hub.addRepo({ name: repo, files: { 'a.txt': 'plain', 'data\\train.txt': 'from Windows' } });
    const { url } = await bed.mirror();
    await coldThenWarm(bed.hub, async () => {
      await expectPublishedFolder(bed.hub, { repo }, await download(url, [repo]));
    });
  });

  it('leaves the cache that it leaves when it asks the Hub itself', async () => {
    const repo = 'sample/tiny-bert';
    const { url } = await bed.mirror();
    const home = await bed.folder();
    const snapshot = await download(url, [repo], { HF_HOME: home });

    const folder = join(home, 'hub', 'models--sample--tiny-bert');
    const commit = bed.hub.commit(repo);
    expect(snapshot).toBe(join(folder, 'snapshots', commit));
    expect(await readFile(join(folder, 'refs', 'main'), 'utf8')).toBe(commit);
    const names = new Map<string, string>();
    for (const path of await publishedPaths(bed.hub, { repo })) {
      const { sha256, gitOid } = bed.hub.file(repo, path);
      names.set(path, sha256 ?? gitOid);
      expect(await readlink(join(snapshot, path))).toMatch(new RegExp(`/blobs/${sha256 ?? gitOid}$`));
    }
    expect((await readdir(join(folder, 'blobs'))).sort()).toEqual([...new Set(names.values())].sort());
  });

  it.each([
    ['an LFS file', 'onnx/model.onnx'],
    ['a plain file', 'tokenizer.json'],
  ])('brings %s', async (_, path) => {
    const repo = 'sample/tiny-bert';
    const { url } = await bed.mirror();
    await coldThenWarm(bed.hub, async () => {
      await expectPublishedFile(bed.hub, { repo }, path, await download(url, [repo, path]));
      const folder = await bed.folder();
      expect(await download(url, [repo, path, '--local-dir', folder])).toBe(join(folder, path));
      await expectPublishedFolder(bed.hub, { repo }, folder, [path]);
    });
    expect(bed.hub.bytesSent(repo)).toBe(bed.hub.bytesSent(repo, path));
  });

  it('fills a local directory, and a second run there changes nothing', async () => {
    const repo = 'sample/sharded';
    const { url } = await bed.mirror();
    const folder = await bed.folder();
    await coldThenWarm(bed.hub, async () => {
      expect(await download(url, [repo, '--local-dir', folder])).toBe(folder);
      await expectPublishedFolder(bed.hub, { repo }, folder);
    });
  });

  it('brings what --include and --exclude say, and nothing else', async () => {
    const repo = 'sample/tiny-bert';
    const { url } = await bed.mirror();
    const args = [repo, '--include', '*.json', '--include', 'onnx/*', '--exclude', 'tokenizer*'];
    await coldThenWarm(bed.hub, async () => {
      await expectPublishedFolder(bed.hub, { repo }, await download(url, args), ['config.json', 'onnx/model.onnx']);
    });
    expect(bed.hub.bytesSent(repo, 'model.safetensors')).toBe(0);
  });

  it('brings a branch, a tag, a pull request and a commit, each as it is', async () => {
    const repo = 'org/history';
    const first = bed.hub.commit(repo);
    bed.hub.moveRef(repo, 'refs/tags/v1', first);
    bed.hub.push(repo, { branch: 'dev/next', files: { 'a.txt': 'on a branch', 'weights.bin': 'two' } });
    bed.hub.push(repo, { branch: 'refs/pr/1', files: { 'a.txt': 'proposed' } });
    bed.hub.push(repo, { files: { 'a.txt': 'newest' }, remove: ['weights.bin'] });
    const { url } = await bed.mirror();
    await coldThenWarm(bed.hub, async () => {
      for (const revision of ['main', 'dev/next', 'v1', 'refs/pr/1', first]) {
        const folder = await download(url, [repo, '--revision', revision]);
        await expectPublishedFolder(bed.hub, { repo, revision }, folder);
      }
    });
  });

  it('sees within minutes that a branch has moved', async () => {
    const repo = 'org/history';
    bed.hub.push(repo, { branch: 'moving', files: { 'a.txt': 'before' } });
    let later = 0;
    const { url } = await bed.mirror({ clock: { ...systemClock, now: () => systemClock.now() + later } });
    const args = [repo, '--revision', 'moving'];
    await expectPublishedFolder(bed.hub, { repo, revision: 'moving' }, await download(url, args));
    bed.hub.push(repo, { branch: 'moving', files: { 'a.txt': 'after', 'b.txt': 'new' }, remove: ['weights.bin'] });
    later = 5 * 60_000;
    await expectPublishedFolder(bed.hub, { repo, revision: 'moving' }, await download(url, args));
  });

  it('brings datasets and spaces', async () => {
    const { url } = await bed.mirror();
    await coldThenWarm(bed.hub, async () => {
      const dataset = await download(url, ['sample/sentences', '--repo-type', 'dataset']);
      await expectPublishedFolder(bed.hub, { repo: 'datasets/sample/sentences' }, dataset);
      const space = await download(url, ['sample/hello', '--repo-type', 'space']);
      await expectPublishedFolder(bed.hub, { repo: 'spaces/sample/hello' }, space);
    });
  });

  it('follows a repo to its new name', async () => {
    const { url } = await bed.mirror();
    await coldThenWarm(bed.hub, async () => {
      await expectPublishedFolder(bed.hub, { repo: 'sample/tiny-bert' }, await download(url, ['tiny-bert']));
    });
  });

  it('brings a gated repo to who may read it, and to nobody else however warm the mirror is', async () => {
    const repo = 'sample/gated-bert';
    const { url } = await bed.mirror();
    const refused = async (env: Record<string, string>) => {
      const { code, stderr } = await bed.attempt(hf, ['download', repo], { env: { HF_ENDPOINT: url, ...env } });
      expect(code).toBe(1);
      expect(stderr).toContain('Access denied. This repository requires approval.');
    };
    await refused({});
    await refused({ HF_TOKEN: STRANGER });
    expect(bed.hub.bytesSent(repo)).toBe(0);
    await coldThenWarm(bed.hub, async () => {
      await expectPublishedFolder(bed.hub, { repo }, await download(url, [repo], { HF_TOKEN: READER }));
    });
    await refused({});
    await refused({ HF_TOKEN: STRANGER });
  });

  it('says that a repo, a revision or a file does not exist', async () => {
    const { url } = await bed.mirror();
    const failure = async (...args: string[]) => {
      const { code, stderr } = await bed.attempt(hf, ['download', ...args], { env: { HF_ENDPOINT: url } });
      expect(code).toBe(1);
      return stderr;
    };
    expect(await failure('sample/nothing')).toMatch(/Model 'sample\/nothing' not found/);
    expect(await failure('sample/tiny-bert', '--revision', 'nowhere')).toMatch(/revision not found/i);
    expect(await failure('sample/tiny-bert', 'nothing.bin')).toMatch(/file not found|entry not found/i);
  });
});
