import { expect, test } from 'vitest';
import { type HubRefusal, SwarmError } from '../errors.ts';
import { Budgets, type LookUpKind, type Priority } from './budgets.ts';

const refusal: HubRefusal = { status: 404, errorCode: 'RepoNotFound', message: 'Repository not found' };
const refused = () => Promise.reject(new SwarmError('HUB_REFUSED', 'no', { hub: refusal }));
const found = () => Promise.resolve('found');

function budgets(limit: { perSecond: number; burst: number }) {
  let time = 0;
  const clock = { now: () => time, sleep: async () => {} };
  const all = new Budgets({ clock, newRepos: limit, newTokens: limit, newPaths: limit });
  return { all, advance: (milliseconds: number) => (time += milliseconds) };
}

test('a client that asks for repos that do not exist is stopped, and told when to come back', async () => {
  const { all, advance } = budgets({ perSecond: 0.5, burst: 2 });
  for (let i = 0; i < 2; i++)
    await expect(all.run('new-repo', 'a', refused)).rejects.toMatchObject({ code: 'HUB_REFUSED' });
  await expect(all.run('new-repo', 'a', found)).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfterSeconds: 2 });
  advance(2000);
  await expect(all.run('new-repo', 'a', found)).resolves.toBe('found');
});

test('look-ups that succeed, and those that an outage ended, cost nothing', async () => {
  const { all } = budgets({ perSecond: 0.001, burst: 1 });
  const outage = () => Promise.reject(new SwarmError('UPSTREAM_UNAVAILABLE', 'down'));
  for (let i = 0; i < 10; i++) {
    await expect(all.run('new-repo', 'a', found)).resolves.toBe('found');
    await expect(all.run('new-repo', 'a', outage)).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  }
});

test('a result that says "refused" is charged like a refusal that was thrown', async () => {
  const { all } = budgets({ perSecond: 0.001, burst: 1 });
  await all.run('new-path', 'a', found, () => true);
  await expect(all.run('new-path', 'a', found)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
});

test('clients do not share budgets, and neither do repos, paths and tokens of one client', async () => {
  const { all } = budgets({ perSecond: 0.001, burst: 1 });
  await all.run('new-repo', 'a', refused).catch(() => {});
  await expect(all.run('new-repo', 'b', found)).resolves.toBe('found');
  await expect(all.run('new-path', 'a', found)).resolves.toBe('found');
  await expect(all.run('new-token', 'a', found)).resolves.toBe('found');
});

test('what is known is asked again whatever the client has spent', async () => {
  const { all } = budgets({ perSecond: 0.001, burst: 1 });
  await all.run('new-repo', 'a', refused).catch(() => {});
  for (let i = 0; i < 5; i++) await all.run('refresh', 'a', refused).catch(() => {});
  await expect(all.run('refresh', 'a', found)).resolves.toBe('found');
});

test('only unknown repos and tokens are asked for with the lower priority', async () => {
  const { all } = budgets({ perSecond: 1, burst: 10 });
  const priorities = new Map<LookUpKind, Priority>();
  for (const kind of ['refresh', 'new-path', 'new-repo', 'new-token'] as const) {
    await all.run(kind, 'a', async (priority) => priorities.set(kind, priority));
  }
  expect(Object.fromEntries(priorities)).toEqual({
    refresh: 'known',
    'new-path': 'known',
    'new-repo': 'unknown',
    'new-token': 'unknown',
  });
});
