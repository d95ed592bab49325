import { expect, test } from 'vitest';
import { ConnectionBudget } from './connection-budget.ts';

test('a connection that the first in line no longer wants goes to the next', () => {
  const budget = new ConnectionBudget(1);
  const taken: string[] = [];
  expect(budget.tryTake(() => {})).toBe(true);
  // Its work was done by others meanwhile: it takes nothing when it is called.
  expect(budget.tryTake(() => {})).toBe(false);
  const wake = (): void => {
    if (budget.tryTake(wake)) taken.push('second');
  };
  expect(budget.tryTake(wake)).toBe(false);
  budget.release();
  expect(taken).toEqual(['second']);
});

test('one connection given back wakes no more than one who takes it', () => {
  const budget = new ConnectionBudget(1);
  const taken: string[] = [];
  budget.tryTake(() => {});
  for (const name of ['first', 'second']) {
    const wake = (): void => {
      if (budget.tryTake(wake)) taken.push(name);
    };
    wake();
  }
  budget.release();
  expect(taken).toEqual(['first']);
  budget.release();
  expect(taken).toEqual(['first', 'second']);
});
