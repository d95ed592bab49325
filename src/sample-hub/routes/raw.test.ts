import { expect, test } from 'vitest';
import { ask, sampleHub } from '../../../test/support/sample-hub.ts';

test('raw gives what git holds: text as it is, LFS files as pointers, and never 304', async () => {
  const hub = await sampleHub({ repos: [{ name: 'org/name', files: { 'a.txt': 'hello\n', 'b.bin': 'hello\n' } }] });
  const text = await ask(`${hub.url}/org/name/raw/main/a.txt`);
  expect(text).toMatchObject({ status: 200, text: 'hello\n' });
  expect(text.headers.get('etag')).toBe('"ce013625030ba8dba906f756967f9e9ca394464a"');
  const pointer = await ask(`${hub.url}/org/name/raw/main/b.bin`);
  expect(pointer.text).toMatch(/^version https:\/\/git-lfs.*\noid sha256:5891b5b522d5/);
  expect(pointer.headers.get('etag')).toBe('"fa61e1ef71c9908c0926776a4aa3504b3a27f159"');
  const headers = { 'if-none-match': '"ce013625030ba8dba906f756967f9e9ca394464a"' };
  expect((await ask(`${hub.url}/org/name/raw/main/a.txt`, { headers })).status).toBe(200);
  const missing = await ask(`${hub.url}/org/name/raw/main/none`);
  expect(missing.headers.get('x-error-code')).toBe('EntryNotFound');
});
