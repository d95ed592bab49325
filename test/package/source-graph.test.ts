import { expect, test } from 'vitest';
import { findCycles, readImports } from './source-graph.ts';

test('imports are found in each of their forms, and not in comments', () => {
  const text = `
import { a } from './a.ts';
import type { B } from '../hub/b.ts';
import {
  c,
  d,
} from 'node:fs';
import './side-effect.ts';
export { e } from './e.ts';
export type { F } from './f.ts';
export * from './g.ts';
// import { no } from './no.ts';
/**
 * import { no } from './no.ts';
 */
const h = await import('./h.ts');
const i = new Worker(new URL(here.endsWith('.ts') ? './i-worker.ts' : './i-worker.js', here));
export const from = 'nowhere';
`;
  const found = readImports('src/fill/x.ts', text).map((one) => [one.specifier, one.typeOnly, ...one.files]);
  expect(found).toEqual([
    ['./a.ts', false, 'src/fill/a.ts'],
    ['../hub/b.ts', true, 'src/hub/b.ts'],
    ['node:fs', false],
    ['./side-effect.ts', false, 'src/fill/side-effect.ts'],
    ['./e.ts', false, 'src/fill/e.ts'],
    ['./f.ts', true, 'src/fill/f.ts'],
    ['./g.ts', false, 'src/fill/g.ts'],
    ['./h.ts', false, 'src/fill/h.ts'],
    ['./i-worker.ts', false, 'src/fill/i-worker.ts'],
  ]);
});

test('cycles are found, also through several nodes', () => {
  const graph = new Map([
    ['a', ['b']],
    ['b', ['c', 'd']],
    ['c', ['a']],
    ['d', []],
    ['e', ['e']],
  ]);
  expect(findCycles(graph).map((cycle) => cycle.sort())).toEqual([['a', 'b', 'c'], ['e']]);
});
