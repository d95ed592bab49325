/** The import graph of src/, as far as the package tests need it: read from the text, which Biome keeps regular. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT: string = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export interface Import {
  /** As written: `./x.ts`, `#platform`, `node:fs`, `hono`. */
  readonly specifier: string;
  /** Erased by the compiler: it exists for the type checker only. */
  readonly typeOnly: boolean;
  /** Files of src/ that it can mean, relative to the root (`src/base/hex.ts`). Empty for packages and Node's modules. */
  readonly files: readonly string[];
}

export interface SourceFile {
  /** Relative to the root, with `/`. */
  readonly path: string;
  /** Folder below src/ (`fill`), or the file's own name when it lies in src/ itself (`errors.ts`). */
  readonly folder: string;
  readonly text: string;
  readonly lines: number;
  readonly imports: readonly Import[];
}

/** Reads every file of src/ that ships: tests are left out. */
export function readSources(): ReadonlyMap<string, SourceFile> {
  const sources = new Map<string, SourceFile>();
  for (const entry of readdirSync(join(ROOT, 'src'), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ts') || /\.test(-d)?\.ts$/.test(entry.name)) continue;
    const path = relative(ROOT, join(entry.parentPath, entry.name)).replaceAll('\\', '/');
    const text = readFileSync(join(ROOT, path), 'utf8');
    const lines = text.split('\n').length - 1;
    sources.set(path, { path, folder: path.split('/')[1] ?? '', text, lines, imports: readImports(path, text) });
  }
  return sources;
}

// Imports and re-exports start their line. Dynamic imports and the files of worker threads do not, so comment lines are left out first.
const STATIC = /^(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm;
const DYNAMIC = /\bimport\('([^']+)'\)/g;
const WORKER = /'(\.{1,2}\/[^']*-worker\.ts)'/g;

/** Every import, re-export, dynamic import and worker file of one source text. */
export function readImports(path: string, text: string): Import[] {
  const code = text.replace(/^\s*(\/\/|\/?\*).*$/gm, '');
  const found: Import[] = [];
  for (const [, type, specifier = ''] of code.matchAll(STATIC)) {
    found.push({ specifier, typeOnly: type !== undefined, files: resolve(path, specifier) });
  }
  for (const pattern of [DYNAMIC, WORKER]) {
    for (const [, specifier = ''] of code.matchAll(pattern)) {
      found.push({ specifier, typeOnly: false, files: resolve(path, specifier) });
    }
  }
  return found;
}

function resolve(from: string, specifier: string): string[] {
  if (specifier === '#platform') return ['src/platform/node.ts', 'src/platform/browser.ts'];
  if (!specifier.startsWith('.')) return [];
  return [posix.join(posix.dirname(from), specifier)];
}

/** The cycles of a graph, each as the nodes that reach one another (Tarjan's strongly connected components). */
export function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const cycles: string[][] = [];
  const visit = (node: string): number => {
    const own = index.size;
    index.set(node, own);
    low.set(node, own);
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!index.has(next)) low.set(node, Math.min(low.get(node) ?? own, visit(next)));
      else if (stack.includes(next)) low.set(node, Math.min(low.get(node) ?? own, index.get(next) ?? own));
    }
    if (low.get(node) === own) {
      const component = stack.splice(stack.indexOf(node));
      if (component.length > 1 || graph.get(node)?.includes(node)) cycles.push(component);
    }
    return low.get(node) ?? own;
  };
  for (const node of graph.keys()) if (!index.has(node)) visit(node);
  return cycles;
}
