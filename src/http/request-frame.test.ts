import { expect, test } from 'vitest';
import { recordingLogger } from '../../test/support/recording-logger.ts';
import { systemClock } from '../base/system-clock.ts';
import { SwarmError } from '../errors.ts';
import { cacheStatus } from './cache-status.ts';
import { fileResponse, takeFileBody } from './file-body.ts';
import { frameRequest, pathOf } from './request-frame.ts';
import { requestId } from './request-id.ts';

function frame(url: string, run: () => Promise<Response>, init: RequestInit = {}) {
  const logger = recordingLogger();
  const response = frameRequest(new Request(`http://host${url}`, init), { logger, clock: systemClock }, run);
  return { logger, response };
}

test('every answer may be read by pages of other origins, with the headers that progress needs', async () => {
  const { headers } = await frame('/a', async () => new Response('a')).response;
  expect(headers.get('access-control-allow-origin')).toBe('*');
  const exposed = headers.get('access-control-expose-headers')?.toLowerCase().split(', ');
  for (const name of ['etag', 'x-repo-commit', 'content-range', 'content-length', 'ratelimit', 'retry-after']) {
    expect(exposed).toContain(name);
  }
});

test('the answer is changed in place: a file body stays a file body', async () => {
  const reader = { size: 1, read: async () => 1, close() {} };
  const response = await frame('/a', async () => fileResponse({ reader, start: 0, end: 1 }, {})).response;
  expect(takeFileBody(response)).toBeDefined();
});

test('errors are JSON on API routes and text on file routes; failures are logged, refusals are not', async () => {
  const fail = (error: Error) => async () => {
    throw error;
  };
  const down = frame('/api/models/a/b', fail(new SwarmError('UPSTREAM_TIMEOUT', 'The Hub is slow')));
  expect(await (await down.response).json()).toEqual({ error: 'The Hub is slow' });
  expect(down.logger.lines.map(({ level }) => level)).toEqual(['warn', 'debug']);
  const hub = { status: 404, errorCode: 'EntryNotFound', message: 'Entry not found' };
  const missing = frame('/a/b/resolve/main/c', fail(new SwarmError('HUB_REFUSED', 'no', { hub })));
  expect(await (await missing.response).text()).toBe('Entry not found');
  expect(missing.logger.lines.map(({ level }) => level)).toEqual(['debug']);
  const bug = frame('/a', fail(new TypeError('oops')));
  expect((await bug.response).status).toBe(500);
  expect(bug.logger.lines[0]).toMatchObject({ level: 'error', fields: { error: new TypeError('oops') } });
});

test('a request id from a proxy is kept when it is plain, and replaced when it is not', () => {
  expect(requestId('Root=1-67-abc')).toBe('Root=1-67-abc');
  for (const bad of ['', 'a b', 'a\u001b[31m', 'x'.repeat(129), null, undefined]) {
    expect(requestId(bad)).toMatch(/^[0-9a-f]{12}-[0-9a-z]+$/);
  }
  expect(requestId(undefined)).not.toBe(requestId(undefined));
});

test.each([
  ['http://host:1/a/b?token=x', '/a/b'],
  ['/a?b=c', '/a'],
  ['http://host', '/'],
  ['https://host/a#b', '/a'],
])('the path of %s is %s', (url, path) => {
  expect(pathOf(url)).toBe(path);
});

test('Cache-Status names this cache and what it did', () => {
  expect(cacheStatus('hit')).toBe('modelswarm; hit');
  expect(cacheStatus('joined')).toBe('modelswarm; fwd=miss; collapsed');
});

test('a client that leaves while its answer is made is no error', async () => {
  const leaving = new AbortController();
  const wait = () =>
    new Promise<Response>((_resolve, reject) => {
      leaving.signal.addEventListener('abort', () => reject(leaving.signal.reason));
    });
  const { response, logger } = frame('/a', wait, { signal: leaving.signal });
  leaving.abort('gone');
  expect((await response).status).toBe(499);
  expect(logger.lines.map(({ level }) => level)).toEqual(['debug']);
});
