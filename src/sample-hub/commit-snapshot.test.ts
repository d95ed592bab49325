import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type CommitSnapshot, makeCommit } from './commit-snapshot.ts';
import { describeFile, type FileSource } from './repo-file.ts';

const PATHS: Record<string, FileSource> = {
  'README.md': '# hello\n',
  empty: '',
  // Sorted as `a-b`, `a.txt`, `a/`, `a0`: a directory counts as if its name ended with a slash.
  'a/deep/er/x.txt': 'x',
  'a/y.txt': 'y',
  'a-b': '1',
  'a.txt': '2',
  a0: '3',
  'ünïcödé/日本語.txt': 'sushi\n',
  'with space#and%.txt': 'odd\n',
  'weights.safetensors': new Uint8Array(300_000).fill(7),
};

test('blob, tree and commit ids, and the order of entries, are those of git', () => {
  const first = snapshot(PATHS);
  const second = snapshot({ ...PATHS, 'a.txt': 'changed' }, first.id);
  const git = temporaryGit();
  for (const commit of [first, second]) {
    for (const file of commit.files.values()) {
      const target = join(git.folder, file.path);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, file.pointer ?? file.content?.read(0, file.size) ?? '');
    }
    git.run('add', '-A');
    expect(git.run('write-tree')).toBe(commit.tree);
    const listed = git.run('ls-tree', '-r', '-t', '-z', '--format=%(objecttype) %(objectname) %(path)', commit.tree);
    const ours = commit.nodes.map((node) => `${node.type === 'file' ? 'blob' : 'tree'} ${node.oid} ${node.path}`);
    expect(listed.split('\0').filter((line) => line !== '')).toEqual(ours);
    const parents = commit.parent === undefined ? [] : ['-p', commit.parent];
    expect(git.run('commit-tree', commit.tree, ...parents, '-m', commit.message)).toBe(commit.id);
  }
});

test('an LFS file is in the tree as the pointer that git-lfs writes', () => {
  const file = describeFile('m.safetensors', 'hello\n');
  expect(file.pointer).toBe(
    'version https://git-lfs.github.com/spec/v1\noid sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03\nsize 6\n',
  );
  expect(file).toMatchObject({ gitOid: 'fa61e1ef71c9908c0926776a4aa3504b3a27f159', size: 6 });
  expect(file.pointer).toHaveLength(125 + '6'.length);
  expect(describeFile('m.txt', 'hello\n')).toMatchObject({
    gitOid: 'ce013625030ba8dba906f756967f9e9ca394464a',
    size: 6,
  });
  expect(describeFile('m.txt', '').gitOid).toBe('e69de29bb2d1d6434b8b29ae775ad8c2e48c5391');
});

test('binary names and files over 10 MB are LFS, unless the description says otherwise', () => {
  expect(describeFile('a.json', '{}').pointer).toBeUndefined();
  expect(describeFile('a.json', new Uint8Array(10_000_001)).pointer).toBeDefined();
  expect(describeFile('a.gguf', 'x').pointer).toBeDefined();
  expect(describeFile('a.gguf', { content: 'x', lfs: false }).pointer).toBeUndefined();
  expect(describeFile('a.json', { content: '{}', lfs: true }).pointer).toBeDefined();
});

function snapshot(files: Record<string, FileSource>, parent?: string): CommitSnapshot {
  const described = Object.entries(files).map(([path, source]) => [path, describeFile(path, source)] as const);
  return makeCommit(new Map(described), { parent, author: 'sample', seconds: 1_704_067_200, message: 'a commit' });
}

function temporaryGit(): { folder: string; run: (...args: string[]) => string } {
  const folder = mkdtempSync(join(tmpdir(), 'sample-hub-git-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const who = { NAME: 'sample', EMAIL: 'sample@sample.invalid', DATE: '1704067200 +0000' };
  const identity = ['AUTHOR', 'COMMITTER'].flatMap((role) =>
    Object.entries(who).map(([key, value]) => [`GIT_${role}_${key}`, value]),
  );
  const env = { ...process.env, ...Object.fromEntries(identity), GIT_CONFIG_GLOBAL: '/dev/null' };
  const run = (...args: string[]): string =>
    execFileSync('git', ['-c', 'core.quotepath=false', ...args], { cwd: folder, env, encoding: 'utf8' }).replace(
      /\n$/,
      '',
    );
  run('init', '-q');
  return { folder, run };
}
