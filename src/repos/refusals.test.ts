import { expect, test } from 'vitest';
import { SwarmError } from '../errors.ts';
import { isDenial, isOutage, scopeOf } from './refusals.ts';

test('a missing or hidden repo is refused as a whole', () => {
  expect(scopeOf({ status: 404, errorCode: 'RepoNotFound', message: 'Repository not found' })).toBe('repo');
  expect(scopeOf({ status: 401, message: 'Invalid username or password.' })).toBe('repo');
  expect(scopeOf({ status: 403, message: 'Access to this resource is disabled.' })).toBe('repo');
});

test('a refused file of a gated repo says nothing about its other files', () => {
  expect(scopeOf({ status: 401, errorCode: 'GatedRepo', message: 'Access to model x is restricted.' })).toBe('entry');
  expect(scopeOf({ status: 403, message: 'You are not allowed to see this file.' })).toBe('entry');
});

test('a bad revision is refused for all its paths', () => {
  expect(scopeOf({ status: 404, errorCode: 'RevisionNotFound', message: 'Invalid rev id: x' })).toBe('revision');
});

test('"no such file" is not a denial, and "no such repo" is', () => {
  expect(isDenial({ status: 404, errorCode: 'EntryNotFound', message: 'Entry not found' })).toBe(false);
  expect(isDenial({ status: 404, errorCode: 'RepoNotFound', message: 'Repository not found' })).toBe(true);
  expect(isDenial({ status: 401, message: 'Invalid username or password.' })).toBe(true);
});

test('an outage is that the Hub could not be asked, not what it said', () => {
  for (const code of ['UPSTREAM_UNAVAILABLE', 'UPSTREAM_TIMEOUT', 'UPSTREAM_INVALID', 'RATE_LIMITED'] as const) {
    expect(isOutage(new SwarmError(code, 'x'))).toBe(true);
  }
  for (const code of ['HUB_REFUSED', 'INTEGRITY', 'OFFLINE', 'BAD_REQUEST'] as const) {
    expect(isOutage(new SwarmError(code, 'x'))).toBe(false);
  }
});
