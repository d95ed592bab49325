import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findCycles, ROOT, readSources, type SourceFile } from './source-graph.ts';

/** ARCHITECTURE.md, "Layers": a folder imports from lower layers only. */
const LAYERS: readonly (readonly string[])[] = [
  ['errors.ts', 'contracts', 'base', 'platform'],
  ['bencode', 'metainfo', 'wire', 'xet-format', 'hub-format'],
  ['hashing', 'storage', 'source', 'transport', 'discovery', 'http', 'hub', 'blobs', 'catalog', 'swarm-state'],
  ['transfer', 'repos'],
  ['fill', 'swarm', 'xet'],
  [
    ...['client', 'mirror', 'torrents', 'web-seed', 'xet-proxy', 'tracker', 'registry', 'admin'], // services
    ...['neighbours', 'sample-hub'],
  ],
  ['transformers', 'server', 'cli'],
  ['index.ts'],
];

/** Edges within a layer, each with its reason. */
const DECLARED: readonly { readonly from: string; readonly to: string; readonly reason: string }[] = [
  { from: 'cli', to: 'server', reason: 'the command starts a server and shares its options' },
  { from: 'metainfo', to: 'bencode', reason: 'torrent files are bencoded' },
  { from: 'wire', to: 'bencode', reason: 'messages of extensions are bencoded' },
  { from: 'source', to: 'hub', reason: 'where a web seed may redirect to is judged as for the Hub' },
  { from: 'base', to: 'contracts', reason: 'base holds the default implementations of Clock and Logger' },
];

/** Layers whose code runs anywhere: no module of Node's, not even for its types. */
const PURE_LAYERS = 2;
/** The one place below the edges where the two platforms differ. */
const PURE_EXCEPT = ['src/platform/node.ts'];
/** Folders that may read the environment. Everybody else gets options. */
const READ_ENVIRONMENT = ['cli', 'server'];

const sources = readSources();
const layerOf = (folder: string): number => LAYERS.findIndex((layer) => layer.includes(folder));
const folderOf = (path: string): string => sources.get(path)?.folder ?? '';

function* folderEdges(): Generator<{ from: string; to: string; where: string }> {
  for (const { path, folder, imports } of sources.values()) {
    for (const target of imports.flatMap(({ files }) => files)) {
      const to = folderOf(target);
      if (to !== folder) yield { from: folder, to, where: `${path} imports ${target}` };
    }
  }
}

test('every folder of src/ has a layer', () => {
  const folders = new Set([...sources.values()].map(({ folder }) => folder));
  expect([...folders].filter((folder) => layerOf(folder) === -1)).toEqual([]);
});

test('a folder imports from lower layers, or by an edge that is declared with its reason', () => {
  const wrong = [];
  for (const { from, to, where } of folderEdges()) {
    const declared = DECLARED.some((edge) => edge.from === from && edge.to === to);
    if (layerOf(to) > layerOf(from) || (layerOf(to) === layerOf(from) && !declared)) wrong.push(where);
  }
  expect(wrong).toEqual([]);
});

test('every declared edge is in use', () => {
  const used = [...folderEdges()];
  const idle = DECLARED.filter((edge) => !used.some(({ from, to }) => from === edge.from && to === edge.to));
  expect(idle).toEqual([]);
});

test('folders do not import one another in a circle', () => {
  const graph = new Map<string, string[]>();
  for (const { from, to } of folderEdges()) graph.set(from, [...(graph.get(from) ?? []), to]);
  expect(findCycles(graph)).toEqual([]);
});

test('files do not import one another in a circle', () => {
  const graph = new Map(
    [...sources.values()].map(({ path, imports }) => [
      path,
      imports.filter(({ typeOnly }) => !typeOnly).flatMap(({ files }) => files),
    ]),
  );
  expect(findCycles(graph)).toEqual([]);
});

test('contracts, base and codecs know no module of Node', () => {
  const wrong = [...sources.values()].filter(
    ({ path, folder, imports }) =>
      layerOf(folder) < PURE_LAYERS &&
      !PURE_EXCEPT.includes(path) &&
      imports.some(({ specifier }) => isNode(specifier)),
  );
  expect(wrong.map(({ path }) => path)).toEqual([]);
});

type Exported =
  | string
  | { readonly 'modelswarm-source'?: string; readonly browser?: null | { readonly 'modelswarm-source'?: string } };

test('what browsers may import reaches no module of Node', () => {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  // An entry point for servers only says `"browser": null`, so that a bundler fails at once instead of at run time.
  const entries = Object.values<Exported>(exports).flatMap((entry) => {
    if (typeof entry === 'string' || entry.browser === null) return [];
    return entry.browser?.['modelswarm-source'] ?? entry['modelswarm-source'] ?? [];
  });
  const pure = [...sources.values()].filter(({ folder }) => layerOf(folder) === 1).map(({ path }) => path);
  const reached = reachableInBrowser(['src/platform/browser.ts', ...entries, ...pure]);
  const wrong = reached.flatMap(({ path, imports }) =>
    imports
      .filter((found) => !found.typeOnly && isNode(found.specifier))
      .map(({ specifier }) => `${path}: ${specifier}`),
  );
  expect(wrong).toEqual([]);
  expect(reached.length).toBeGreaterThanOrEqual(pure.length);
});

test('the environment is read in the command and the server only', () => {
  const wrong = [...sources.values()].filter(
    ({ folder, text }) => !READ_ENVIRONMENT.includes(folder) && /\bprocess\.env\b/.test(text),
  );
  expect(wrong.map(({ path }) => path)).toEqual([]);
});

test('files are short: 500 lines at most, half of them at most 120', () => {
  const bySize = [...sources.values()].sort((a, b) => a.lines - b.lines);
  const long = bySize.filter(({ lines }) => lines > 500).map(({ path, lines }) => `${path}: ${lines}`);
  expect(long).toEqual([]);
  expect(bySize[Math.floor(bySize.length / 2)]?.lines).toBeLessThanOrEqual(120);
});

test('names say what a file is for', () => {
  const vague = /\/(utils?|helpers?|misc|common|types|shared)\.ts$/;
  expect([...sources.keys()].filter((path) => vague.test(path))).toEqual([]);
});

function isNode(specifier: string): boolean {
  return specifier.startsWith('node:');
}

function reachableInBrowser(entries: readonly string[]): SourceFile[] {
  const reached = new Map<string, SourceFile>();
  const open = [...entries];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const source = sources.get(path.replace(/^\.\//, ''));
    if (!source || reached.has(source.path)) continue;
    reached.set(source.path, source);
    for (const { specifier, typeOnly, files } of source.imports) {
      if (typeOnly) continue;
      open.push(...(specifier === '#platform' ? ['src/platform/browser.ts'] : files));
    }
  }
  return [...reached.values()];
}
