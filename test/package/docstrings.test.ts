import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './source-graph.ts';

const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const entries = Object.values<string | Record<string, string>>(exports).flatMap((entry) =>
  typeof entry === 'object' ? (entry['modelswarm-source'] ?? []) : [],
);

test('everything that users can import has a docstring', () => {
  const exported = entries.flatMap((entry) => publicNames(posix.normalize(entry)));
  expect(exported.length).toBeGreaterThan(0);
  const bare = exported.filter(({ name, file }) => !hasDocstring(readFileSync(join(ROOT, file), 'utf8'), name));
  expect(bare.map(({ name, file }) => `${file}: ${name}`)).toEqual([]);
});

interface PublicName {
  /** As declared, not as re-exported. */
  readonly name: string;
  readonly file: string;
}

const REEXPORT = /^export (?:type )?(\*|\{([^}]*)\}) from '([^']+)';/gm;
const DECLARATION = /^export (?:declare |abstract |async )*(?:function\*?|const|class|interface|type) (\w+)/gm;

/** What a file exports, re-exports followed to where the names are declared. */
function publicNames(file: string): PublicName[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const own = [...text.matchAll(DECLARATION)].map(([, name = '']) => ({ name, file }));
  const passed = [...text.matchAll(REEXPORT)].flatMap(([, what, list = '', specifier = '']) => {
    const from = publicNames(posix.join(posix.dirname(file), specifier));
    if (what === '*') return from;
    const wanted = list.split(',').map((item) =>
      item
        .trim()
        .replace(/^type /, '')
        .replace(/ as .*$/, ''),
    );
    return from.filter(({ name }) => wanted.includes(name));
  });
  return [...own, ...passed];
}

function hasDocstring(text: string, name: string): boolean {
  const declaration = `export (?:declare |abstract |async )*(?:function\\*?|const|class|interface|type) ${name}\\b`;
  return new RegExp(`\\*/\\n${declaration}`).test(text);
}
