import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type HubRefusal, SwarmError } from '../errors.ts';
import { errorResponse } from './error-response.ts';

const refused = (hub: HubRefusal) => new SwarmError('HUB_REFUSED', 'internal words', { hub });

test('a refusal is repeated in the words of the Hub', async () => {
  const commit = 'a'.repeat(40);
  const error = refused({ status: 404, errorCode: 'EntryNotFound', message: 'Entry not found', commit });
  const response = errorResponse(error, 'file');
  expect(response.status).toBe(404);
  expect(response.headers.get('x-error-code')).toBe('EntryNotFound');
  expect(response.headers.get('x-error-message')).toBe('Entry not found');
  expect(response.headers.get('x-repo-commit')).toBe(commit);
  expect(await response.text()).toBe('Entry not found');
});

test('on API routes the body is JSON', async () => {
  const error = refused({ status: 404, errorCode: 'RevisionNotFound', message: 'Invalid rev id: "x"' });
  const response = errorResponse(error, 'api');
  expect(response.headers.get('content-type')).toContain('application/json');
  expect(await response.text()).toBe('{"error":"Invalid rev id: \\"x\\""}');
});

test('a bare 401 says in its code that the repo is missing or private', () => {
  const wwwAuthenticate = 'Bearer realm="Authentication required", charset="UTF-8"';
  const response = errorResponse(
    refused({ status: 401, message: 'Invalid username or password.', wwwAuthenticate }),
    'file',
  );
  expect(response.headers.get('x-error-code')).toBe('RepoNotFound');
  expect(response.headers.get('www-authenticate')).toBe(wwwAuthenticate);
});

test('a bad token is not a missing repo: its message stays exact and has no code', () => {
  const response = errorResponse(
    refused({ status: 401, message: 'Invalid credentials in Authorization header' }),
    'file',
  );
  expect(response.headers.get('x-error-message')).toBe('Invalid credentials in Authorization header');
  expect(response.headers.has('x-error-code')).toBe(false);
});

test('a disabled repo keeps its exact message and gets no code', () => {
  const response = errorResponse(refused({ status: 403, message: 'Access to this resource is disabled.' }), 'file');
  expect(response.status).toBe(403);
  expect(response.headers.has('x-error-code')).toBe(false);
});

test('being too fast says when to come back, in both forms that clients read', () => {
  const response = errorResponse(new SwarmError('RATE_LIMITED', 'slow down', { retryAfterSeconds: 4.2 }), 'api');
  expect(response.status).toBe(429);
  expect(response.headers.get('retry-after')).toBe('5');
  expect(response.headers.get('ratelimit')).toBe('"resolvers";r=0;t=5');
});

test.each([
  ['UPSTREAM_UNAVAILABLE', 503],
  ['UPSTREAM_TIMEOUT', 504],
  ['UPSTREAM_INVALID', 502],
  ['INTEGRITY', 502],
  ['DISK_FULL', 507],
] as const)('%s is %i, never 401 or 404', (code, status) => {
  const response = errorResponse(new SwarmError(code, 'what happened'), 'file');
  expect(response.status).toBe(status);
  expect(response.headers.get('x-error-code')).toBe(code);
  expect(response.headers.get('cache-control')).toBe('no-store');
});

test('what is not an error of ours tells nothing to the outside', async () => {
  const response = errorResponse(new TypeError('secret of line 12'), 'api');
  expect(response.status).toBe(500);
  expect(await response.text()).toBe('{"error":"Internal error"}');
});

test('any message makes a valid header of one line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (message) => {
      const value = errorResponse(refused({ status: 404, message }), 'file').headers.get('x-error-message') ?? '';
      expect(value).toMatch(/^[\x20-\x7e\xa0-\xff]*$/);
    }),
  );
});
