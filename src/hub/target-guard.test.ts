import type { LookupAddress } from 'node:dns';
import { describe, expect, test } from 'vitest';
import { createTargetGuard, type TargetGuard } from './target-guard.ts';

const NAMES: Record<string, string[]> = {
  'hub.public': ['8.8.8.8'],
  'hub.corp': ['10.0.0.5'],
  'hub.mixed': ['8.8.8.8', '10.0.0.5'],
  'cdn.public': ['1.1.1.1', '2606:4700::1111'],
  'cdn.corp': ['10.0.0.6'],
  'cdn.rebinding': ['1.1.1.1', '127.0.0.1'],
  'metadata.test': ['169.254.169.254'],
};

function guardFor(endpoint: string, names = NAMES): TargetGuard {
  const resolveHost = async (hostname: string): Promise<LookupAddress[]> => {
    const addresses = names[hostname];
    if (!addresses) throw Object.assign(new Error(`no ${hostname}`), { code: 'ENOTFOUND' });
    return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  };
  return createTargetGuard({ endpoint: new URL(endpoint), resolveHost });
}

function lookUp(guard: TargetGuard, hostname: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    guard.lookup(hostname, { all: true }, (error, addresses) => {
      if (error) reject(error);
      else resolve(Array.isArray(addresses) ? addresses.map(({ address }) => address) : []);
    });
  });
}

const refused = expect.objectContaining({ code: 'UPSTREAM_INVALID' });

describe('behind a public endpoint', () => {
  const guard = guardFor('https://hub.public');

  test('names lead to public addresses only', async () => {
    expect(await lookUp(guard, 'cdn.public')).toEqual(['1.1.1.1', '2606:4700::1111']);
    for (const name of ['cdn.corp', 'cdn.rebinding', 'metadata.test']) {
      await expect(lookUp(guard, name)).rejects.toEqual(refused);
    }
  });

  test.each(['https://cdn.public/x', 'https://8.8.8.8/x', 'https://hub.public/other'])('%s is allowed', async (url) => {
    await expect(guard.check(new URL(url))).resolves.toBeUndefined();
  });

  test.each([
    'http://cdn.public/x',
    'http://hub.public/x',
    'https://127.0.0.1/x',
    'https://[::1]/x',
    'https://[::ffff:10.0.0.1]/x',
    'https://0x7f.1/x',
    'https://2130706433/x',
    'https://169.254.169.254/latest/meta-data',
    'https://user:secret@cdn.public/x',
    'ftp://cdn.public/x',
    'file:///etc/passwd',
  ])('%s is refused', async (url) => {
    const error: unknown = await guard.check(new URL(url)).catch((reason: unknown) => reason);
    expect(error).toEqual(refused);
    expect(String(error)).not.toContain('secret');
  });

  test('a look-up for one address gives one', async () => {
    const address = await new Promise((resolve) => {
      guard.lookup('cdn.public', {}, (_, found, family) => resolve([found, family]));
    });
    expect(address).toEqual(['1.1.1.1', 4]);
  });

  test('a name that does not resolve fails with the reason of the resolver', async () => {
    await expect(lookUp(guard, 'nowhere.test')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });
});

test('the own host of an endpoint may have any address', async () => {
  expect(await lookUp(guardFor('https://hub.corp'), 'hub.corp')).toEqual(['10.0.0.5']);
});

describe.each(['https://hub.corp', 'http://127.0.0.1:8080', 'http://[::1]:8080', 'https://192.168.0.1'])(
  'behind the internal endpoint %s',
  (endpoint) => {
    const guard = guardFor(endpoint);

    test('internal hosts and plain http are allowed', async () => {
      expect(await lookUp(guard, 'cdn.corp')).toEqual(['10.0.0.6']);
      expect(await lookUp(guard, 'cdn.rebinding')).toEqual(['1.1.1.1', '127.0.0.1']);
      await guard.check(new URL('http://127.0.0.1:9000/x'));
      await guard.check(new URL('http://cdn.corp/x'));
    });

    test('link-local addresses, where clouds keep their secrets, stay refused', async () => {
      await expect(lookUp(guard, 'metadata.test')).rejects.toEqual(refused);
      await expect(guard.check(new URL('http://169.254.169.254/'))).rejects.toEqual(refused);
    });
  },
);

test('an endpoint on plain http may redirect to plain http, not to internal addresses', async () => {
  const guard = guardFor('http://hub.public');
  await guard.check(new URL('http://cdn.public/x'));
  await expect(guard.check(new URL('http://127.0.0.1/x'))).rejects.toEqual(refused);
  await expect(lookUp(guard, 'cdn.corp')).rejects.toEqual(refused);
});

test('an endpoint with one public address does not count as internal', async () => {
  await expect(lookUp(guardFor('https://hub.mixed'), 'cdn.corp')).rejects.toEqual(refused);
});

test('an endpoint that could not be resolved is asked for again', async () => {
  const names: Record<string, string[]> = { 'cdn.corp': ['10.0.0.6'] };
  const guard = guardFor('https://hub.late', names);
  await expect(lookUp(guard, 'cdn.corp')).rejects.toEqual(refused);
  names['hub.late'] = ['10.0.0.1'];
  expect(await lookUp(guard, 'cdn.corp')).toEqual(['10.0.0.6']);
});
