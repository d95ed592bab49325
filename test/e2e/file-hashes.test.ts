/** `/-/api/hashes`: the SHA-256 of every file of a public repo. */
import { expect, onTestFinished, test } from 'vitest';
import { hashBytes } from '../../src/hashing/hash-bytes.ts';
import { fileHashesSchema } from '../../src/torrents/documents.ts';
import { sampleHub } from '../support/sample-hub.ts';
import { startMirror } from '../support/start-server.ts';
import { patternBytes } from '../support/swarm-bed.ts';

const FILES = {
  'config.json': '{"a":1}',
  'sub/tokenizer.json': '[]',
  'empty.txt': '',
  'model.safetensors': patternBytes(3_000_000, 1),
};
const HASHES = Object.fromEntries(
  Object.entries(FILES).map(([path, content]) => [
    path,
    hashBytes(typeof content === 'string' ? Buffer.from(content) : content),
  ]),
);

async function setUp() {
  const hub = await sampleHub({
    repos: [
      { name: 'org/model', files: FILES, card: { license: 'mit' } },
      { name: 'org/gated', files: FILES, gated: 'manual' },
    ],
  });
  const mirror = await startMirror({ hub });
  onTestFinished(() => mirror.close());
  return { hub, mirror };
}

test('files in LFS are known at once, the others when they were fetched, once', async () => {
  const { hub, mirror } = await setUp();
  const url = `${mirror.url}/-/api/hashes/org/model@main`;
  const first = await fetch(url);
  expect([first.status, first.headers.get('retry-after'), first.headers.get('access-control-allow-origin')]).toEqual([
    202,
    '1',
    '*',
  ]);
  const early = fileHashesSchema.parse(await first.json());
  expect(early.files.find(({ path }) => path === 'model.safetensors')?.sha256).toBe(
    HASHES['model.safetensors']?.sha256,
  );
  await expect.poll(async () => (await fetch(url)).status).toBe(200);
  const { repo, commit, files } = fileHashesSchema.parse(await (await fetch(url)).json());
  expect([repo, commit]).toEqual(['org/model', early.commit]);
  const found = Object.fromEntries(files.map(({ path, sha256 }) => [path, sha256]));
  for (const [path, { sha256 }] of Object.entries(HASHES)) expect(found[path], path).toBe(sha256);
  expect(hub.bytesSent('org/model', 'model.safetensors')).toBe(0);
  expect(hub.bytesSent('org/model', 'config.json')).toBe(FILES['config.json'].length);
  expect((await fetch(`${mirror.url}/-/api/hashes/org/model@${commit}`)).status).toBe(200);
});

test.each([
  ['org/gated', 403],
  ['org/nothing', 401],
  ['org/model/config.json', 400],
  ['org/../model', 400],
  ['', 400],
])('of %j nothing is told: %i', async (path, status) => {
  const { mirror } = await setUp();
  const response = await fetch(`${mirror.url}/-/api/hashes/${path}`);
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ error: expect.any(String) });
});
