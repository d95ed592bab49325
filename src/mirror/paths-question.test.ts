import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isSwarmError } from '../errors.ts';
import { readPathsQuestion } from './paths-question.ts';

const read = (body: string, type: string) =>
  readPathsQuestion(new Request('http://x/', { method: 'POST', body, headers: { 'content-type': type } }));

test('paths that are asked for twice are answered once, and impossible ones not at all', async () => {
  const question = await read('{"paths":["a","a","../b","c//d"]}', 'application/json');
  expect(question).toEqual({ paths: ['a'], expand: false });
});

test('a single path need not be a list', async () => {
  expect(await read('{"paths":"a","expand":true}', 'application/json; charset=utf-8')).toEqual({
    paths: ['a'],
    expand: true,
  });
});

test('any body is read or refused', async () => {
  const type = fc.constantFrom('application/json', 'application/x-www-form-urlencoded', 'text/plain');
  const body = fc.oneof(
    fc.string(),
    fc.json(),
    fc.string().map((text) => `paths=${text}&expand=${text}`),
  );
  await fc.assert(
    fc.asyncProperty(body, type, async (text, contentType) => {
      try {
        const { paths } = await read(text, contentType);
        for (const path of paths) expect(path).not.toMatch(/^\/|\.\.\/|\u0000/);
      } catch (error) {
        expect(isSwarmError(error, 'BAD_REQUEST')).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});
