import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { settings } from '../../src/cli/config-table.ts';
import { variableOf } from '../../src/cli/setting.ts';
import { anchors, inlineCode, linkTargets, readPages, shellCommands } from './markdown.ts';
import { ROOT } from './source-graph.ts';

const pages = readPages();
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/** Variables that are no settings: of the command itself, of tests and benches. */
const OTHER_VARIABLES = ['MODELSWARM_CONFIG', 'MODELSWARM_TEST_LONG', 'MODELSWARM_BENCH_LOOP'];
/** Flags of npm scripts. */
const SCRIPT_FLAGS = ['--yes', '--long', '--json', '--quick', '--only', '--profile', '--project'];
const COMMANDS = ['get', 'seed', 'status', 'serve', 'demo', 'doctor', 'config', 'torrent', 'tracker'];

/** Commands that have commands below them. */
const BELOW: Readonly<Record<string, readonly string[]>> = {
  torrent: ['create', 'show', 'verify', 'magnet'],
  tracker: ['ticket'],
};

function help(command: readonly string[]): string {
  const args = ['--conditions=modelswarm-source', join(ROOT, 'src/cli/main.ts'), ...command, '--help'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout;
}

const flagsOf = new Map<string, readonly string[]>();
function commandFlags(command: string): readonly string[] {
  const commands = [[command], ...(BELOW[command]?.map((below) => [command, below]) ?? [])];
  const known =
    flagsOf.get(command) ??
    commands.flatMap((words) => [...help(words).matchAll(/(?<=[\s,])--?[\w-]+/g)].map(([flag]) => flag));
  flagsOf.set(command, known);
  return known;
}

test('links between pages and into the code lead somewhere', () => {
  const broken = pages.flatMap((page) =>
    linkTargets(page).flatMap((target) => {
      if (/^(https?|mailto):/.test(target)) return [];
      const [file = '', anchor] = target.split('#');
      const path = file === '' ? page.path : join(dirname(page.path), decodeURIComponent(file));
      if (!existsSync(join(ROOT, path))) return `${page.path}: ${target}`;
      const linked = pages.find((other) => other.path === path);
      return anchor === undefined || !linked || anchors(linked).includes(anchor) ? [] : `${page.path}: ${target}`;
    }),
  );
  expect(broken).toEqual([]);
});

test('files named in the text exist', () => {
  const missing = pages.flatMap((page) =>
    inlineCode(page)
      .filter((code) => /^(src|test|bench|docs|deploy|examples|scripts|bin)\/[\w./-]+$/.test(code))
      .filter((code) => !existsSync(join(ROOT, code)))
      .map((code) => `${page.path}: ${code}`),
  );
  expect(missing).toEqual([]);
});

test('tests that are named with their titles exist', () => {
  // `test/e2e/x.test.ts` "title", "another title"
  const named = pages.flatMap(({ path, prose }) =>
    [...prose.matchAll(/`((?:src|test)\/[\w./-]+\.test\.ts)`((?:,?\s*"[^"\n]+")+)/g)].flatMap(
      ([, file = '', titles = '']) =>
        [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => ({ path, file, title })),
    ),
  );
  expect(named).not.toEqual([]);
  const gone = named.filter(
    ({ file, title }) =>
      !existsSync(join(ROOT, file)) || !readFileSync(join(ROOT, file), 'utf8').replaceAll('\\', '').includes(title),
  );
  expect(gone).toEqual([]);
});

test('every variable named in the pages is one that is read', () => {
  const known = [...settings.map(variableOf), ...OTHER_VARIABLES];
  const unknown = pages.flatMap(({ path, prose, blocks }) =>
    [...`${prose}\n${blocks.map(({ code }) => code).join('\n')}`.matchAll(/\bMODELSWARM_[A-Z_]*[A-Z]\b/g)]
      .map(([name]) => name)
      .filter((name) => !known.includes(name))
      .map((name) => `${path}: ${name}`),
  );
  expect(unknown).toEqual([]);
});

test('every flag named in the pages is one of ours', () => {
  const known = [...COMMANDS.flatMap((command) => commandFlags(command)), ...SCRIPT_FLAGS];
  const unknown = pages.flatMap((page) =>
    inlineCode(page)
      .map((code) => /^--[\w-]+/.exec(code)?.[0])
      .filter((flag) => flag !== undefined && flag !== '--x' && flag !== '--no-x' && !known.includes(flag))
      .map((flag) => `${page.path}: ${flag}`),
  );
  expect(unknown).toEqual([]);
});

test('npm scripts and modelswarm commands in shell blocks exist, with their flags', () => {
  const wrong = pages.flatMap((page) =>
    page.blocks
      .filter(({ info }) => info === 'sh' || info === 'sh run')
      .flatMap(({ code }) => shellCommands(code))
      .filter((command) => !isKnown(command))
      .map((command) => `${page.path}: ${command}`),
  );
  expect(wrong).toEqual([]);
});

test('blocks that are marked `sh run` do run', async () => {
  const runnable = pages.flatMap(({ path, blocks }) =>
    blocks.filter(({ info }) => info === 'sh run').map(({ code }) => ({ path, code })),
  );
  expect(runnable).not.toEqual([]);
  const home = await mkdtemp(join(tmpdir(), 'modelswarm-docs-'));
  const env = { PATH: `${join(ROOT, 'node_modules/.bin')}${delimiter}${process.env.PATH}`, HOME: home };
  try {
    for (const { path, code } of runnable) {
      const args = ['-euo', 'pipefail', '-c', code];
      const { status, stderr } = spawnSync('bash', args, { cwd: ROOT, encoding: 'utf8', env, timeout: 60_000 });
      expect(status, `${path}: ${code}${stderr}`).toBe(0);
    }
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}, 120_000);

/** True for commands that are not ours to judge. */
function isKnown(command: string): boolean {
  const words = command.split(/\s+/).filter((word) => !/^[A-Z_]+=/.test(word));
  if (words[0] === 'npm' && words[1] === 'run') return words.slice(2).some((word) => word in scripts);
  if (words[0] === 'npm' && words[1] === 'test') return 'test' in scripts;
  const at = words[0] === 'npx' ? words.findIndex((word) => !word.startsWith('-') && word !== 'npx') : 0;
  if (words[at] !== 'modelswarm') return true;
  const [name = '', ...rest] = words.slice(at + 1);
  if (name.startsWith('--')) return ['--version', '--help'].includes(name);
  if (!COMMANDS.includes(name)) return false;
  return rest
    .filter((word) => word.startsWith('--'))
    .every((word) => commandFlags(name).includes(word.split('=')[0] ?? ''));
}
