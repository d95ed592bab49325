import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { AddressList } from './address-list.ts';
import { compareTurns, parseAnswer, parseQuestion, type Question, questionPath } from './question.ts';
import { Turns } from './turns.ts';

const QUESTION: Question = {
  repo: { type: 'datasets', id: 'org/name' },
  content: { kind: 'lfs', sha256: 'a'.repeat(64), size: 5_000_000_000 },
  turn: { server: '0123456789abcdef', time: 1_790_000_000_000 },
};

describe('a question', () => {
  test('comes back as it was asked', () => {
    expect(parseQuestion(new URL(questionPath(QUESTION), 'http://host').searchParams)).toEqual(QUESTION);
  });

  test('of any other text is none, and so is an answer', () => {
    const names = fc.constantFrom('repo', 'sha256', 'size', 'server', 'time');
    const values = fc.oneof(fc.string(), fc.constantFrom('models/a/b', '../..', 'a'.repeat(64), '-1', '1e99', 'NaN'));
    fc.assert(
      fc.property(fc.array(fc.tuple(names, values)), fc.string(), (pairs, text) => {
        const question = parseQuestion(new URLSearchParams(pairs));
        if (question) expect(Number.isSafeInteger(question.turn.time)).toBe(true);
        expect(parseAnswer(text)).toBeUndefined();
      }),
    );
    expect(parseAnswer('{"server":"0123456789abcdef","state":"held","time":1e999}')).toBeUndefined();
  });
});

describe('turns', () => {
  test('what begins after another was heard of comes after it, whatever the clocks say', () => {
    const [slow, fast] = [new Turns('b'.repeat(16), new ManualClock()), new Turns('a'.repeat(16), new ManualClock())];
    const first = fast.begin('x');
    slow.heard(first.time + 5000);
    expect(compareTurns({ server: first.server, time: first.time + 5000 }, slow.begin('x'))).toBeLessThan(0);
    expect(slow.find('y')).toBeUndefined();
  });

  test('a clock from another age is not followed', () => {
    const clock = new ManualClock();
    const turns = new Turns('a'.repeat(16), clock);
    turns.heard(Number.MAX_SAFE_INTEGER);
    expect(turns.begin('x').time).toBeLessThanOrEqual(clock.now() + 1);
  });

  test('of equal times the id decides', () => {
    const a = { server: 'a', time: 1 };
    const b = { server: 'b', time: 1 };
    expect([compareTurns(a, b), compareTurns(b, a), compareTurns(a, a)]).toEqual([-1, 1, 0]);
  });
});

describe('addresses', () => {
  const hosts = (list: AddressList) => list.usable().map(({ host }) => host);

  test('one that failed rests for half a minute, one that lied for an hour', () => {
    const clock = new ManualClock();
    const list = new AddressList(['http://10.0.0.1:8080', 'http://10.0.0.2:8080/'], clock);
    const [first, second] = list.usable();
    if (!first || !second) throw new Error('two were configured');
    list.failed(first);
    list.distrust(second);
    expect(hosts(list)).toEqual([]);
    clock.advance(30_000);
    expect(hosts(list)).toEqual(['10.0.0.1:8080']);
    clock.advance(3_600_000);
    expect(hosts(list)).toHaveLength(2);
  });

  test('found ones are few, and go when they fall silent', () => {
    const clock = new ManualClock();
    const list = new AddressList(['http://10.0.0.1:8080'], clock);
    for (let index = 0; index < 100; index++) list.found(`10.1.0.${index}`, 8080);
    list.found('fe80::1%eth0', 8080);
    expect(list.found('10.0.0.1', 8080)).toBeUndefined();
    expect(hosts(list)).toHaveLength(17);
    clock.advance(10 * 60_000);
    list.found('10.1.0.3', 8080);
    clock.advance(10 * 60_000);
    expect(hosts(list)).toEqual(['10.0.0.1:8080', '10.1.0.3:8080']);
  });
});
