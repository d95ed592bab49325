/** What the documentation tests need to know about the project's Markdown pages. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './source-graph.ts';

export interface Page {
  /** Relative to the root. */
  readonly path: string;
  /** Fenced blocks, with what stands behind the fence: `sh`, `sh run`, `ts` ... */
  readonly blocks: readonly { readonly info: string; readonly code: string }[];
  /** The page without its fenced blocks. */
  readonly prose: string;
}

/** Every page of the project: the root's, docs/, deploy/, examples/, bench/. */
export function readPages(): Page[] {
  const folders = ['.', 'docs', 'deploy', 'examples', 'bench'];
  const paths = folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: folder !== '.' })
      .map((name) => join(folder, String(name)))
      .filter((path) => path.endsWith('.md') && !path.includes('node_modules')),
  );
  return paths.map((path) => parsePage(path, readFileSync(join(ROOT, path), 'utf8')));
}

const FENCE = /^( *)```([^\n]*)\n([\s\S]*?)^\1```$/gm;

function parsePage(path: string, text: string): Page {
  const blocks = [...text.matchAll(FENCE)].map(([, , info = '', code = '']) => ({ info: info.trim(), code }));
  return { path, blocks, prose: text.replace(FENCE, '') };
}

/** The texts in backticks of a page's prose. */
export function inlineCode(page: Page): string[] {
  return [...page.prose.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
}

/** Targets of links and images. */
export function linkTargets(page: Page): string[] {
  return [...page.prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
}

/** The anchors that GitHub gives to a page's headings. */
export function anchors(page: Page): string[] {
  return [...page.prose.matchAll(/^#+ +(.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** The commands of a shell block: comments out, continued lines joined, split at `&&` and `|`. */
export function shellCommands(code: string): string[] {
  return code
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .flatMap((line) => line.split(/\s+(?:&&|\|\|?)\s+/))
    .map((command) => command.replace(/^\$ /, '').trim())
    .filter((command) => command !== '');
}
