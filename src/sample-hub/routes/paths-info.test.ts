import { expect, test } from 'vitest';
import { ask, sampleHub } from '../../../test/support/sample-hub.ts';

const repos = [{ name: 'datasets/org/name', files: { 'a.txt': 'a', 'd/m.bin': 'weights' } }];

test('paths are asked for by form or by JSON; unknown ones are left out', async () => {
  const hub = await sampleHub({ repos });
  const url = `${hub.url}/api/datasets/org/name/paths-info/main`;
  const form = await ask(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'paths=a.txt&paths=d%2Fm.bin&paths=none&expand=False',
  });
  const json = await ask(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ paths: ['a.txt', 'd/m.bin', 'none'], expand: false }),
  });
  expect(form.json<{ path: string }[]>().map(({ path }) => path)).toEqual(['a.txt', 'd/m.bin']);
  expect(json.json()).toEqual(form.json());
  const expanded = await ask(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ paths: ['d'], expand: true }),
  });
  expect(expanded.json()).toMatchObject([
    { type: 'directory', path: 'd', lastCommit: { id: hub.commit('datasets/org/name') } },
  ]);
});

test('a body without paths, with too many, or too large is refused', async () => {
  const hub = await sampleHub({ repos });
  const post = async (body: string, type = 'application/json') =>
    (
      await ask(`${hub.url}/api/datasets/org/name/paths-info/main`, {
        method: 'POST',
        headers: { 'content-type': type },
        body,
      })
    ).status;
  expect(await post('{')).toBe(400);
  expect(await post('{"paths": [1]}')).toBe(400);
  expect(await post('', 'application/x-www-form-urlencoded')).toBe(400);
  expect(await post(JSON.stringify({ paths: Array.from({ length: 2001 }, () => 'a') }))).toBe(400);
  expect(await post('x'.repeat(5_000_000))).toBe(413);
  expect((await ask(`${hub.url}/api/datasets/org/name/paths-info/main`)).status).toBe(404);
});
