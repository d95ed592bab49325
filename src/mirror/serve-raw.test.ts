import { expect, test } from 'vitest';
import { openMirror } from '../../test/support/mirror-fixture.ts';

const repo = { name: 'org/model', files: { 'config.json': '{"a":1}', 'model.bin': new Uint8Array(1_234_567) } };

test('of an LFS file git keeps the pointer, which costs the Hub nothing', async () => {
  await using mirror = await openMirror({ repos: [repo] });
  const answer = await mirror.ask('/org/model/raw/main/model.bin');
  const file = mirror.hub.file('org/model', 'model.bin');
  expect(answer.text).toBe(file.pointer);
  expect(answer.text).toMatch(/^oid sha256:[0-9a-f]{64}$/m);
  expect(answer.headers.get('content-length')).toBe('132');
  expect(answer.headers.get('etag')).toBe(`"${file.gitOid}"`);
  expect(answer.headers.get('x-repo-commit')).toBe(mirror.hub.commit('org/model'));
  expect(mirror.hub.requests.some(({ kind }) => kind === 'raw')).toBe(false);
  expect(mirror.files.intents).toEqual([]);
});

test('of any other file it keeps the bytes', async () => {
  await using mirror = await openMirror({ repos: [repo] });
  const answer = await mirror.ask('/org/model/raw/main/config.json');
  expect(answer.text).toBe('{"a":1}');
  expect(answer.headers.get('etag')).toBe(`"${mirror.hub.file('org/model', 'config.json').gitOid}"`);
});

test.each(['config.json', 'model.bin'])('%s: there is no 304, but ranges and HEAD', async (path) => {
  await using mirror = await openMirror({ repos: [repo] });
  const url = `/org/model/raw/main/${path}`;
  const etag = (await mirror.ask(url)).headers.get('etag') ?? '';
  expect((await mirror.ask(url, { headers: { 'if-none-match': etag } })).status).toBe(200);
  const part = await mirror.ask(url, { headers: { range: 'bytes=0-3' } });
  expect([part.status, part.text.length]).toEqual([206, 4]);
  const head = await mirror.ask(url, { method: 'HEAD' });
  expect([head.status, head.text]).toEqual([200, '']);
  expect(Number(head.headers.get('content-length'))).toBeGreaterThan(0);
});

test('the pointer of a gated file needs the same right as the file', async () => {
  const gated = { ...repo, gated: 'manual' } as const;
  const accounts = [{ token: 'hf_in', user: 'in', grants: ['org/model'] }];
  await using mirror = await openMirror({ repos: [gated], accounts });
  expect((await mirror.ask('/org/model/raw/main/model.bin')).status).toBe(401);
  const answer = await mirror.ask('/org/model/raw/main/model.bin', { token: 'hf_in' });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('cache-control')).toContain('private');
});
