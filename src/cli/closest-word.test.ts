import { expect, test } from 'vitest';
import { closestWord } from './closest-word.ts';

const WORDS = ['dataDir', 'port', 'host', 'publicUrl'];

test('a typing mistake finds the word that was meant', () => {
  expect(closestWord('datadir', WORDS)).toBe('dataDir');
  expect(closestWord('prot', WORDS)).toBe('port');
  expect(closestWord('public_url', WORDS)).toBe('publicUrl');
});

test('what is near no word finds none', () => {
  expect(closestWord('colour', WORDS)).toBeUndefined();
  expect(closestWord('', WORDS)).toBeUndefined();
  expect(closestWord('x'.repeat(1_000_000), WORDS)).toBeUndefined();
});
