import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PackedPackage, packPackage } from '../support/packed-package.ts';
import { ROOT, readSources } from './source-graph.ts';

type Conditions = { readonly [condition: string]: Entry | null };
type Entry = Conditions | string;

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const entries = Object.entries<Entry>(manifest.exports);
let packed: PackedPackage;

beforeAll(async () => {
  packed = await packPackage();
}, 60_000);
afterAll(() => packed?.remove());

/** All files that an entry names, whatever the condition. */
function targetsOf(entry: Entry | null | undefined): string[] {
  if (typeof entry !== 'object' || entry === null) return entry ? [entry] : [];
  return Object.entries(entry).flatMap(([condition, target]) =>
    condition === 'modelswarm-source' ? [] : targetsOf(target),
  );
}

/** What an entry is made of, in Node and in browsers. */
function sourcesOf(entry: Entry | null | undefined): string[] {
  if (typeof entry !== 'object' || entry === null) return [];
  const own = entry['modelswarm-source'];
  return [...(typeof own === 'string' ? [own] : []), ...sourcesOf(entry.browser)];
}

test('every entry point is in the package, with its types', () => {
  const targets = entries.flatMap(([, entry]) => targetsOf(entry));
  const missing = targets.filter((target) => !packed.files.includes(target.replace('./', '')));
  expect(missing).toEqual([]);
  for (const [name, entry] of entries) if (typeof entry === 'object') expect(entry.types, name).toMatch(/\.d\.ts$/);
});

/** A folder of thirty files that the demo, tests and benches use by one surface, but users of the package do not. */
const INTERNAL_SURFACES = ['./src/sample-hub/index.ts'];

test('every index.ts is an entry point of the package', () => {
  const exported = [...new Set(entries.flatMap(([, entry]) => sourcesOf(entry)))];
  const indexes = [...readSources().keys()].filter((path) => path.endsWith('/index.ts')).map((path) => `./${path}`);
  expect(indexes.filter((path) => !INTERNAL_SURFACES.includes(path)).sort()).toEqual(exported.sort());
});

test('the package holds what was compiled, its documents and nothing else', () => {
  // Types of libraries that have none of their own are not compiled.
  const sources = [...readSources().keys()].filter((path) => !path.endsWith('.d.ts'));
  const compiled = sources.flatMap((path) => {
    const stem = path.replace(/^src\//, 'dist/').replace(/\.ts$/, '');
    return [`${stem}.js`, `${stem}.js.map`, `${stem}.d.ts`];
  });
  const others = packed.files.filter((path) => !compiled.includes(path));
  const expected =
    /^(package\.json|(README|CHANGELOG)\.md|LICENSE|bin\/modelswarm\.mjs|(docs|deploy)\/[\w./-]+|dist\/browser\/[\w-]+\.js)$/;
  expect(others.filter((path) => !expected.test(path))).toEqual([]);
  expect(compiled.filter((path) => !packed.files.includes(path))).toEqual([]);
  expect(packed.unpackedSize).toBeLessThan(7_000_000);
});

test('source maps carry their sources, which are not in the package', () => {
  const map = JSON.parse(readFileSync(join(packed.directory, 'dist', 'errors.js.map'), 'utf8'));
  expect(map.sourcesContent).toHaveLength(1);
});

test('every entry point that Node can import loads from the installed package', () => {
  const names = entries.filter(([, entry]) => typeof entry === 'object').map(([name]) => `modelswarm${name.slice(1)}`);
  const script = names.map((name) => `await import('${name}');`).join('\n');
  const { status, stderr } = run(process.execPath, ['--input-type=module', '--eval', script], packed.project);
  expect(stderr).toBe('');
  expect(status).toBe(0);
});

test.each(['nodenext', 'bundler'])(
  'a project that resolves modules the %s way type-checks against it',
  (resolution) => {
    const modules = resolution === 'bundler' ? ['--module', 'esnext'] : [];
    const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const args = [compiler, '-p', packed.project, '--moduleResolution', resolution, ...modules];
    const { status, stdout } = run(process.execPath, args, packed.project);
    expect(stdout).toBe('');
    expect(status).toBe(0);
  },
);

test('the command says its version', () => {
  const { stdout, stderr, status } = run(process.execPath, [join(packed.directory, 'bin/modelswarm.mjs'), '--version']);
  expect({ stdout, stderr, status }).toEqual({ stdout: `${manifest.version}\n`, stderr: '', status: 0 });
});

test('the command says what to do when it was not built', async () => {
  const copy = join(packed.project, 'unbuilt', 'bin', 'modelswarm.mjs');
  await cp(join(ROOT, 'bin', 'modelswarm.mjs'), copy);
  const { stderr, status } = run(process.execPath, [copy, 'serve']);
  expect(stderr).toContain('npm run build');
  expect(status).toBe(1);
});

const TOO_OLD = /^modelswarm: needs Node 24 or newer, and this is Node [\d.]+\.\n$/;

test('a Node that says it is older gets one clear line', () => {
  const pretend = `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'22.12.0'})`;
  const { stderr, status } = run(process.execPath, ['--import', pretend, join(ROOT, 'bin/modelswarm.mjs'), 'serve']);
  expect(stderr).toMatch(TOO_OLD);
  expect(status).toBe(1);
});

test('a real older Node gets one clear line', ({ skip }) => {
  const older = findOlderNode();
  skip(older === undefined, 'no Node older than 24 on this machine');
  const { stderr, stdout, status } = run(String(older), [join(ROOT, 'bin/modelswarm.mjs'), 'serve']);
  expect(stdout).toBe('');
  expect(stderr).toMatch(TOO_OLD);
  expect(status).toBe(1);
});

function run(command: string, args: readonly string[], cwd: string = ROOT) {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME };
  return spawnSync(command, args, { cwd, encoding: 'utf8', env });
}

function findOlderNode(): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/bin', '/usr/bin'];
  return folders
    .map((folder) => join(folder, 'node'))
    .filter((path) => existsSync(path))
    .find((path) => Number(/^v(\d+)/.exec(run(path, ['--version']).stdout)?.[1] ?? 99) < 24);
}
