import { expect, test } from 'vitest';
import { isSwarmError } from '../errors.ts';
import type { ServerOptions } from './options.ts';
import { defaultDataDir, mirrorSettings, serverSettings } from './validate-options.ts';

function refusal(options: object): string {
  try {
    serverSettings(options as ServerOptions);
  } catch (error) {
    expect(isSwarmError(error, 'CONFIG')).toBe(true);
    return error instanceof Error ? error.message : '';
  }
  throw new Error('accepted');
}

test('every option has a default that listens on loopback only', () => {
  const settings = serverSettings({});
  expect(settings).toMatchObject({ host: '127.0.0.1', port: 8080, upstream: 'https://huggingface.co', offline: false });
  expect(settings.minFreeSpace).toBe(2e9);
  expect(settings.maxCacheSize).toBeUndefined();
});

test('a wrong option is refused by its name', () => {
  expect(refusal({ port: 70_000 })).toContain('"port"');
  expect(refusal({ upstream: 'ftp://example.org' })).toContain('"upstream"');
  expect(refusal({ upstream: 'https://user:secret@example.org' })).not.toContain('secret');
  expect(refusal({ trustedProxies: ['10.0.0.0/99'] })).toContain('"trustedProxies"');
  expect(refusal({ clientTokens: ['hunter2'] })).not.toContain('hunter2');
  expect(refusal({ allow: ['org//name'] })).toContain('"allow"');
  expect(refusal({ dataDir: [] })).toContain('"dataDir"');
  expect(refusal({ logger: {} })).toContain('"logger"');
});

test('an unknown option is refused', () => {
  expect(refusal({ dataDirectory: '/x' })).toContain('dataDirectory');
});

test('on an address that others reach, the operator must say who may use it', () => {
  expect(refusal({ host: '0.0.0.0' })).toContain('allow');
  expect(refusal({ host: '192.168.1.4' })).toContain('clientTokens');
  expect(refusal({ host: '::' })).toContain('open');
  for (const word of [{ open: true }, { allow: ['org/*'] }, { clientTokens: [`hf_msw${'x'.repeat(34)}`] }]) {
    expect(serverSettings({ host: '0.0.0.0', ...word }).host).toBe('0.0.0.0');
  }
  for (const host of ['127.0.0.2', '::1', 'localhost']) expect(serverSettings({ host }).host).toBe(host);
});

test('URLs lose their trailing slash, and one data directory is a list of one', () => {
  const settings = mirrorSettings({
    upstream: 'http://hub.lan/hf/',
    publicUrl: 'https://m.example.org/',
    dataDir: '/d',
  });
  expect(settings.upstream).toBe('http://hub.lan/hf');
  expect(settings.publicUrl).toBe('https://m.example.org');
  expect(settings.dataDir).toEqual(['/d']);
});

test('the data directory follows XDG_CACHE_HOME when that is an absolute path', () => {
  expect(defaultDataDir({ XDG_CACHE_HOME: '/var/cache' })).toBe('/var/cache/modelswarm');
  expect(defaultDataDir({ XDG_CACHE_HOME: 'relative' })).toMatch(/\.cache\/modelswarm$/);
  expect(defaultDataDir({})).toMatch(/\.cache\/modelswarm$/);
});
