import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { clientLines } from './client-lines.ts';

test('docs/clients.md has every line that the server offers', () => {
  const page = readFileSync(new URL('../../docs/clients.md', import.meta.url), 'utf8');
  for (const { code } of clientLines('http://127.0.0.1:8080')) expect(page).toContain(code);
  const [, ...withToken] = clientLines('http://127.0.0.1:8080', { wantsToken: true });
  for (const { code } of withToken) expect(page).toContain(code);
});

test('the path of the example file is escaped', () => {
  const lines = clientLines('http://m', { example: { repo: 'org/model', path: 'a dir/b#c.bin' } });
  expect(lines.at(-1)?.code).toContain('http://m/org/model/resolve/main/a%20dir/b%23c.bin');
});

test('a mirror that wants client tokens says so first', () => {
  expect(clientLines('http://m', { wantsToken: true })[0]?.code).toBe('export HF_TOKEN=hf_msw...');
  expect(JSON.stringify(clientLines('http://m'))).not.toContain('HF_TOKEN');
});

test('clients that would not send the token by themselves get it in their line', () => {
  const lines = new Map(clientLines('http://m', { wantsToken: true }).map(({ client, code }) => [client, code]));
  expect(lines.get('curl')).toContain('-H "Authorization: Bearer $HF_TOKEN" http://m/');
  expect(lines.get('aria2')).toContain('--header="Authorization: Bearer $HF_TOKEN" http://m/');
  expect(lines.get('@huggingface/hub')).toContain('accessToken: process.env.HF_TOKEN }');
  expect(lines.get('transformers.js 4')).toContain('env.fetch');
});
