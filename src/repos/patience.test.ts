import { expect, test } from 'vitest';
import { silentLogger } from '../base/silent-logger.ts';
import type { Clock } from '../contracts/clock.ts';
import { SwarmError } from '../errors.ts';
import { Patience } from './patience.ts';

const repo = { type: 'models', id: 'org/name' } as const;
const down = () => Promise.reject(new SwarmError('UPSTREAM_UNAVAILABLE', 'down'));
const never = () => new Promise<string>(() => {});

/** A clock whose sleeps end at once when told to, and never otherwise. */
function patienceWith(options: { sleepsEnd: boolean }) {
  let time = 0;
  const clock: Clock = {
    now: () => time,
    sleep: () => (options.sleepsEnd ? Promise.resolve() : new Promise(() => {})),
  };
  return { patience: new Patience({ clock, logger: silentLogger }), advance: (ms: number) => (time += ms) };
}

test('what the Hub says now wins over what it said last', async () => {
  const { patience } = patienceWith({ sleepsEnd: false });
  await expect(patience.askOr(repo, async () => 'new', 'old')).resolves.toBe('new');
});

test('during an outage what is known is served, without asking each time', async () => {
  const { patience, advance } = patienceWith({ sleepsEnd: false });
  let asked = 0;
  const ask = () => {
    asked += 1;
    return down();
  };
  for (let i = 0; i < 20; i++) await expect(patience.askOr(repo, ask, 'old')).resolves.toBe('old');
  expect(asked).toBe(1);
  advance(5001);
  await expect(patience.askOr(repo, async () => 'new', 'old')).resolves.toBe('new');
});

test('a Hub that does not answer in time is not waited for when something is known', async () => {
  const { patience } = patienceWith({ sleepsEnd: true });
  await expect(patience.askOr(repo, never, 'old')).resolves.toBe('old');
});

test('an outage is an error when nothing is known, and a refusal always is', async () => {
  const { patience } = patienceWith({ sleepsEnd: false });
  await expect(patience.askOr(repo, down, undefined)).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  const refused = () => Promise.reject(new SwarmError('HUB_REFUSED', 'gone'));
  await expect(patience.askOr(repo, refused, 'old')).rejects.toMatchObject({ code: 'HUB_REFUSED' });
});

test('a caller who leaves gets his own reason, with or without something known', async () => {
  const { patience } = patienceWith({ sleepsEnd: false });
  for (const known of ['old', undefined]) {
    const caller = new AbortController();
    const wait = patience.askOr(repo, never, known, caller.signal);
    caller.abort(new Error('went away'));
    await expect(wait).rejects.toThrow('went away');
  }
});
