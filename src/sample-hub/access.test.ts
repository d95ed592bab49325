import { expect, test } from 'vitest';
import { ask, sampleHub } from '../../test/support/sample-hub.ts';
import type { SampleHub } from './index.ts';

const READER = `hf_${'r'.repeat(34)}`;
const STRANGER = `hf_${'s'.repeat(34)}`;
const accounts = [
  { token: READER, user: 'reader', grants: ['org/name', 'datasets/org/name'] },
  { token: STRANGER, user: 'stranger' },
];
const files = { 'a.txt': 'text', 'm.bin': 'weights' };
const repos = [
  { name: 'org/name', files },
  { name: 'datasets/org/name', files },
];
const BYTES = ['/org/name/resolve/main/a.txt', '/org/name/resolve/main/m.bin', '/org/name/raw/main/a.txt'];
const METADATA = ['/api/models/org/name', '/api/models/org/name/tree/main', '/api/models/org/name/refs'];

test('a gate shuts bytes, not metadata: 401 to strangers, 403 to users without the right', async () => {
  const hub = await sampleHub({ repos, accounts });
  for (const gated of ['auto', 'manual'] as const) {
    hub.updateRepo('org/name', { gated });
    for (const path of BYTES) {
      const anonymous = await get(hub, path);
      expect(anonymous).toMatchObject({ status: 401, code: 'GatedRepo' });
      expect(anonymous.message).toBe(
        'Access to model org/name is restricted. You must have access to it and be authenticated to access it. Please log in.',
      );
      expect(anonymous.text).toBe(anonymous.message);
      const user = await get(hub, path, STRANGER);
      expect(user).toMatchObject({ status: 403, code: 'GatedRepo' });
      expect(user.message).toContain('you are not in the authorized list');
      expect((await get(hub, path, READER)).status).toBeLessThan(400);
    }
    for (const path of METADATA) expect((await get(hub, path)).status).toBe(200);
    expect((await get(hub, '/api/models/org/name')).json()).toMatchObject({ gated });
    expect((await get(hub, '/api/models/org/name/auth-check')).status).toBe(401);
    expect((await get(hub, '/api/models/org/name/auth-check', STRANGER)).status).toBe(403);
    expect((await get(hub, '/api/models/org/name/auth-check', READER)).status).toBe(200);
  }
});

test('the Xet hashes of a gated repo are masked for who may not read it', async () => {
  const hub = await sampleHub({ repos, accounts });
  hub.updateRepo('org/name', { gated: 'auto' });
  const hashes = async (token?: string) =>
    (await get(hub, '/api/models/org/name/tree/main', token))
      .json<{ xetHash?: string }[]>()
      .flatMap((node) => node.xetHash ?? []);
  expect(await hashes()).toEqual(['*'.repeat(64)]);
  expect(await hashes(STRANGER)).toEqual(['*'.repeat(64)]);
  expect(await hashes(READER)).toEqual([hub.file('org/name', 'm.bin').xetHash]);
});

test('a private repo looks like a missing one', async () => {
  const hub = await sampleHub({ repos, accounts });
  hub.updateRepo('org/name', { private: true });
  for (const path of [...BYTES, ...METADATA]) {
    const missing = path.replace('org/name', 'org/none');
    for (const [token, expected] of [
      [undefined, { status: 401, code: null, message: 'Invalid username or password.' }],
      [STRANGER, { status: 404, code: 'RepoNotFound', message: 'Repository not found' }],
    ] as const) {
      expect(await get(hub, path, token)).toMatchObject(expected);
      expect(await get(hub, missing, token)).toMatchObject(expected);
    }
    expect((await get(hub, path, READER)).status).toBeLessThan(400);
  }
  expect((await get(hub, METADATA[0] ?? '')).challenge).toBe('Bearer realm="Authentication required", charset="UTF-8"');
  expect((await get(hub, METADATA[0] ?? '')).json()).toEqual({ error: 'Invalid username or password.' });
  expect((await get(hub, '/api/datasets/org/name')).status).toBe(200);
});

test('a token that the hub does not know is refused everywhere, also for public repos', async () => {
  const hub = await sampleHub({ repos, accounts });
  for (const path of [...BYTES, ...METADATA, '/api/whoami-v2']) {
    const answer = await get(hub, path, 'hf_unknown');
    expect(answer).toMatchObject({ status: 401, code: null, message: 'Invalid credentials in Authorization header' });
  }
});

test('rights can be given, taken away and revoked while the hub runs', async () => {
  const hub = await sampleHub({ repos, accounts });
  hub.updateRepo('org/name', { gated: 'manual' });
  const status = async () => (await get(hub, BYTES[1] ?? '', STRANGER)).status;
  expect(await status()).toBe(403);
  hub.accounts.grant(STRANGER, 'org/name');
  expect(await status()).toBe(302);
  hub.accounts.ungrant(STRANGER, 'org/name');
  expect(await status()).toBe(403);
  hub.accounts.revoke(STRANGER);
  expect(await status()).toBe(401);
});

test('a disabled repo is refused without a code', async () => {
  const hub = await sampleHub({ repos, accounts });
  hub.updateRepo('org/name', { disabled: true });
  for (const path of [...BYTES, ...METADATA]) {
    const expected = { status: 403, code: null, message: 'Access to this resource is disabled.' };
    expect(await get(hub, path, READER)).toMatchObject(expected);
  }
});

test('whoami describes the account', async () => {
  const hub = await sampleHub({ repos, accounts });
  expect((await get(hub, '/api/whoami-v2')).status).toBe(401);
  expect((await get(hub, '/api/whoami-v2', READER)).json()).toMatchObject({
    type: 'user',
    name: 'reader',
    orgs: [],
    auth: { type: 'access_token', accessToken: { role: 'read' } },
  });
});

test('a Xet token comes in body and headers, and names an origin that has no CAS', async () => {
  const hub = await sampleHub({ repos, accounts });
  const answer = await get(hub, `/api/models/org/name/xet-read-token/${hub.commit('org/name')}`);
  const { casUrl, accessToken, exp } = answer.json<{ casUrl: string; accessToken: string; exp: number }>();
  expect(answer.headers.get('x-xet-cas-url')).toBe(casUrl);
  expect(answer.headers.get('x-xet-access-token')).toBe(accessToken);
  expect(answer.headers.get('x-xet-token-expiration')).toBe(String(exp));
  expect((await ask(`${casUrl}/v1/reconstructions/${'0'.repeat(64)}`)).status).toBe(404);
  hub.updateRepo('org/name', { gated: 'auto' });
  expect((await get(hub, '/api/models/org/name/xet-read-token/main')).status).toBe(401);
});

async function get(hub: SampleHub, path: string, token?: string) {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const answer = await ask(hub.url + path, { headers });
  return {
    ...answer,
    code: answer.headers.get('x-error-code'),
    message: answer.headers.get('x-error-message'),
    challenge: answer.headers.get('www-authenticate'),
  };
}
