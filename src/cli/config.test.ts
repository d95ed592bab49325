import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isSwarmError } from '../errors.ts';
import { type Config, loadConfig } from './config.ts';
import { settings } from './config-table.ts';
import { variableOf } from './setting.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'modelswarm-config-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function fileWith(content: unknown): Promise<string> {
  const path = join(directory, 'config.json');
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

// A home without a configuration file, so that the machine's own does not matter.
const bare = { XDG_CONFIG_HOME: '/nonexistent' };

const origin = (config: Config, name: string) => config.entries.find(({ setting }) => setting.name === name)?.origin;

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isSwarmError(error, 'CONFIG')) throw new Error('no CONFIG error', { cause: error });
  return error.message;
}

test('flags win over variables, variables over the file, the file over the defaults', async () => {
  const configFile = await fileWith({ port: 1, host: '127.0.0.1', maxCacheSize: '3GB', strict: true });
  const environment = { ...bare, MODELSWARM_PORT: '2', MODELSWARM_MAX_CACHE_SIZE: '4GB' };
  const config = await loadConfig({ flags: { port: '3' }, environment, configFile });
  expect(config.values).toMatchObject({ port: 3, maxCacheSize: 4e9, strict: true, minFreeSpace: 2e9 });
  expect(origin(config, 'port')).toEqual({ kind: 'flag', name: '--port' });
  expect(origin(config, 'maxCacheSize')).toEqual({ kind: 'env', name: 'MODELSWARM_MAX_CACHE_SIZE' });
  expect(origin(config, 'strict')).toEqual({ kind: 'file', name: configFile });
  expect(origin(config, 'minFreeSpace')?.kind).toBe('default');
});

test('lists are repeated flags, comma-separated variables and JSON arrays', async () => {
  const configFile = await fileWith({ deny: ['a/*', 'b/*'], allow: 'c/*' });
  const environment = { ...bare, MODELSWARM_TRUSTED_PROXY: '10.0.0.0/8, ::1' };
  const config = await loadConfig({ flags: { dataDir: ['/a', '/b,c'] }, environment, configFile });
  expect(config.values).toMatchObject({
    dataDir: ['/a', '/b,c'],
    trustedProxies: ['10.0.0.0/8', '::1'],
    deny: ['a/*', 'b/*'],
    allow: ['c/*'],
  });
});

test('an empty variable counts as unset, and so does the port that Kubernetes injects', async () => {
  const environment = { ...bare, MODELSWARM_HOST: '', MODELSWARM_PORT: 'tcp://10.0.0.1:80' };
  expect((await loadConfig({ flags: {}, environment })).values).toMatchObject({ host: '127.0.0.1', port: 8080 });
});

test('the usual proxy variables are used, and our own win over them', async () => {
  const environment = { ...bare, HTTPS_PROXY: 'http://p:1', no_proxy: 'a,b', HTTP_PROXY: 'http://p:2' };
  const config = await loadConfig({ flags: {}, environment: { ...environment, MODELSWARM_HTTP_PROXY: 'http://p:3' } });
  expect(config.values).toMatchObject({ httpsProxy: 'http://p:1', proxyBypass: 'a,b', httpProxy: 'http://p:3' });
});

test('HF_TOKEN is nobody to the server', async () => {
  const config = await loadConfig({ flags: {}, environment: { ...bare, HF_TOKEN: 'hf_secret' } });
  expect(JSON.stringify(config.values)).not.toContain('hf_secret');
});

test('a wrong value is refused with the place it came from', async () => {
  const load = (flags: object, environment: object, configFile?: string) =>
    refusal(loadConfig({ flags: { ...flags }, environment: { ...bare, ...environment }, configFile }));
  expect(await load({ port: 'x' }, {})).toBe('--port: expected a whole number, not "x".');
  expect(await load({}, { MODELSWARM_BANDWIDTH: 'fast' })).toContain('MODELSWARM_BANDWIDTH: expected a rate');
  expect(await load({}, {}, await fileWith({ maxCacheSize: '10 potatoes' }))).toContain('"maxCacheSize" in');
  expect(await load({}, {}, await fileWith({ port: true }))).toContain('"port" in');
  expect(await load({}, {}, await fileWith({ allow: [1] }))).toContain('"allow" in');
  expect(await load({}, { MODELSWARM_TRUSTED_PROXY: '1.2.3.4/99' })).toContain('CIDR');
});

test('a secret that is wrong is not repeated', async () => {
  const message = await refusal(loadConfig({ flags: { clientTokens: ['hunter2'] }, environment: bare }));
  expect(message).toContain('--client-token');
  expect(message).not.toContain('hunter2');
});

test('an unknown key in the file is refused, with what was probably meant', async () => {
  const message = await refusal(
    loadConfig({ flags: {}, environment: bare, configFile: await fileWith({ datadir: 1 }) }),
  );
  expect(message).toContain('unknown setting "datadir" (did you mean "dataDir"?)');
});

test('a variable that looks like a typing mistake is pointed out', async () => {
  const environment = { ...bare, MODELSWARM_DATADIR: '/x', MODELSWARM_SERVICE_ACCOUNT_OF_SOMEBODY: 'y' };
  const { warnings } = await loadConfig({ flags: {}, environment });
  expect(warnings).toEqual(['MODELSWARM_DATADIR means nothing here. Did you mean MODELSWARM_DATA_DIR?']);
});

test('a file that was named must exist and be a JSON object', async () => {
  const load = (configFile: string) => refusal(loadConfig({ flags: {}, environment: bare, configFile }));
  expect(await load('/nonexistent.json')).toContain('/nonexistent.json');
  expect(await load(await fileWith('{"port": 1,}'))).toContain('not valid JSON');
  expect(await load(await fileWith('[1]'))).toContain('one JSON object');
});

test('every setting has a flag, a variable and a key of its own', () => {
  for (const names of [settings.map((s) => s.flag), settings.map(variableOf), settings.map((s) => s.name)]) {
    expect(new Set(names).size).toBe(settings.length);
  }
  // commander reads --no-x as the opposite of --x.
  for (const { flag } of settings) expect(flag).toMatch(/^(?!no-)[a-z]+(-[a-z]+)*$/);
});

test('any JSON in the file gives a configuration or a CONFIG error', async () => {
  const keys = fc.constantFrom(...settings.map(({ name }) => name));
  await fc.assert(
    fc.asyncProperty(fc.dictionary(keys, fc.jsonValue(), { maxKeys: 3 }), async (content) => {
      const configFile = await fileWith(content);
      const error = await loadConfig({ flags: {}, environment: bare, configFile }).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error === undefined || isSwarmError(error, 'CONFIG')).toBe(true);
    }),
    { numRuns: 200 },
  );
});
