import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './source-graph.ts';

const rows = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| (?!threat \||--- )/.test(line))
  .map((line) => line.split(' | '));

/** A test file in backticks, and the titles in quotes that follow it. */
const NAMED = /`([\w./-]+\.test\.ts)`((?:,? "[^"]+")+)/g;

test('each threat has a rule and a test, or says with which part they come', () => {
  expect(rows.length).toBeGreaterThan(30);
  for (const [threat = '', rule = '', tests = ''] of rows) {
    expect(rule, threat).not.toBe('');
    expect(/`[^`]+\.test\.ts` "/.test(tests) || /^comes with the /.test(tests), threat).toBe(true);
  }
});

test('the tests that the threat model names exist under these titles', () => {
  const missing = rows.flatMap(([, , tests = '']) =>
    [...tests.matchAll(NAMED)].flatMap(([, file = '', titles = '']) => {
      const text = existsSync(join(ROOT, file)) ? readFileSync(join(ROOT, file), 'utf8') : '';
      return [...titles.matchAll(/"([^"]+)"/g)]
        .filter(([, title = '']) => !text.includes(title))
        .map(([, title]) => `${file}: ${title}`);
    }),
  );
  expect(missing).toEqual([]);
});
