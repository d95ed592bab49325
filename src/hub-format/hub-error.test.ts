import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hubError } from './hub-error.ts';

const COMMIT = 'c'.repeat(40);
const error = (status: number, headers: Record<string, string> = {}, body = '') =>
  hubError({ status, headers: new Headers(headers), body }, 'models/a/b@main x', 0);

describe('refusals are kept as the Hub worded them', () => {
  test('a missing file, with its commit', () => {
    const refused = error(404, {
      'x-error-code': 'EntryNotFound',
      'x-error-message': 'Entry not found',
      'x-repo-commit': COMMIT,
    });
    expect(refused).toMatchObject({
      code: 'HUB_REFUSED',
      status: 404,
      hub: { status: 404, errorCode: 'EntryNotFound', message: 'Entry not found', commit: COMMIT },
    });
    expect(refused.message).toContain('models/a/b@main x');
  });

  test('a gated repo, anonymous and logged in', () => {
    const gated = { 'x-error-code': 'GatedRepo', 'x-error-message': 'Access to model X is restricted.' };
    expect(error(401, gated).hub).toEqual({ status: 401, errorCode: 'GatedRepo', message: gated['x-error-message'] });
    expect(error(403, gated).hub).toMatchObject({ status: 403, errorCode: 'GatedRepo' });
  });

  test('a bare 401 means that the repo is missing or private', () => {
    const realm = 'Bearer realm="Authentication required", charset="UTF-8"';
    expect(error(401, { 'x-error-message': 'Invalid username or password.', 'www-authenticate': realm }).hub).toEqual({
      status: 401,
      errorCode: 'RepoNotFound',
      message: 'Invalid username or password.',
      wwwAuthenticate: realm,
    });
    expect(error(401).hub).toMatchObject({ errorCode: 'RepoNotFound', message: 'Invalid username or password.' });
  });

  test('a bad token is not a missing repo', () => {
    const message = 'Invalid credentials in Authorization header';
    expect(error(401, { 'x-error-message': message }).hub).toEqual({ status: 401, message });
    expect(error(401, {}, JSON.stringify({ error: message })).hub).toEqual({ status: 401, message });
  });

  test('a disabled repo has no code, only words', () => {
    expect(error(403, { 'x-error-message': 'Access to this resource is disabled.' }).hub).toEqual({
      status: 403,
      message: 'Access to this resource is disabled.',
    });
  });

  test.each([
    ['{"error":"Invalid rev id: x"}', 'Invalid rev id: x'],
    ['{"error":["a","b"]}', 'a b'],
    ['{"errors":[{"message":"a"},{"message":"b"}]}', 'a b'],
    ['{"error":{"nested":1}}', 'Not found'],
    ['<html>', 'Not found'],
    ['null', 'Not found'],
  ])('the message of the body %s is %s', (body, message) => {
    expect(error(404, {}, body).hub?.message).toBe(message);
  });

  test('a plain text body is the message', () => {
    expect(error(404, { 'content-type': 'text/plain; charset=utf-8' }, 'Entry not found\n').hub?.message).toBe(
      'Entry not found',
    );
  });
});

describe('limits and outages', () => {
  test('429 says when to come back', () => {
    expect(error(429, { ratelimit: '"api";r=5;t=9, "resolvers";r=0;t=55' })).toMatchObject({
      code: 'RATE_LIMITED',
      retryAfterSeconds: 56,
    });
    expect(error(429, { 'retry-after': '7' }).retryAfterSeconds).toBe(7);
    expect(error(429).retryAfterSeconds).toBeUndefined();
  });

  test.each([
    [408, 'UPSTREAM_TIMEOUT'],
    [504, 'UPSTREAM_TIMEOUT'],
    [500, 'UPSTREAM_UNAVAILABLE'],
    [503, 'UPSTREAM_UNAVAILABLE'],
  ])('%i is %s, never a refusal', (status, code) => {
    expect(error(status, { 'x-error-code': 'RepoNotFound' })).toMatchObject({ code, hub: undefined });
  });
});

test('any answer becomes one of our errors, with words of bounded length on one line', () => {
  const value = fc.string({ unit: fc.integer({ min: 32, max: 255 }).map((code) => String.fromCharCode(code)) });
  fc.assert(
    fc.property(
      fc.integer({ min: 400, max: 599 }),
      value,
      value,
      fc.string({ maxLength: 3000 }),
      (status, code, message, body) => {
        const made = error(
          status,
          { 'x-error-code': code, 'x-error-message': message, 'content-type': 'text/plain' },
          body,
        );
        expect(made.message.length).toBeLessThan(1200);
        expect(made.hub?.message ?? '').not.toMatch(/[\r\n\0]/);
      },
    ),
  );
});
