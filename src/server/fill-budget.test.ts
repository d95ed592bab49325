import { expect, test } from 'vitest';
import { isSwarmError } from '../errors.ts';
import { createFillBudget } from './fill-budget.ts';

function isRefused(charge: () => void): boolean {
  try {
    charge();
    return false;
  } catch (error) {
    if (isSwarmError(error, 'RATE_LIMITED')) return true;
    throw error;
  }
}

test('a client that has had its share is refused until it has earned more, and others are not', () => {
  let now = 0;
  const charge = createFillBudget(86_400, { now: () => now, sleep: async () => {} });
  expect(isRefused(() => charge('203.0.113.1', 86_400))).toBe(false);
  expect(isRefused(() => charge('203.0.113.1', 10))).toBe(true);
  expect(isRefused(() => charge('203.0.113.2', 10))).toBe(false);
  now = 10_000;
  expect(isRefused(() => charge('203.0.113.1', 10))).toBe(false);
});

test('a file larger than the budget can be had once', () => {
  const charge = createFillBudget(100, { now: () => 0, sleep: async () => {} });
  expect(isRefused(() => charge('203.0.113.1', 1000))).toBe(false);
  expect(isRefused(() => charge('203.0.113.1', 1))).toBe(true);
});

test('the machine itself is not charged', () => {
  const charge = createFillBudget(1, { now: () => 0, sleep: async () => {} });
  for (let i = 0; i < 3; i++) expect(isRefused(() => charge('127.0.0.1', 1e12))).toBe(false);
});
