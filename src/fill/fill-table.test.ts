import { expect, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import type { Fill } from './fill.ts';
import { FillTable } from './fill-table.ts';

test('a fill is closed once, although closing ends it, and the next one starts when that is done', async () => {
  // The table looks at nothing else of a fill.
  const fills = [{ whole: false }, { whole: false }] as unknown as Fill[];
  const log: string[] = [];
  const table = new FillTable({
    clock: new ManualClock(),
    mostFills: 10,
    mostAbandoned: 10,
    close: async (key, fill) => {
      log.push('closing');
      table.ended(key, fill, true);
      if (log.length === 1) await new Promise((resolve) => setTimeout(resolve, 20));
      log.push('closed');
    },
  });
  const start = async (): Promise<Fill> => {
    log.push('started');
    return fills.pop() as Fill;
  };
  const { fill } = await table.acquire('key', start);
  log.length = 0;
  table.ended('key', fill, true);
  const next = await table.acquire('key', start);
  expect(next.joined).toBe(false);
  expect(log).toEqual(['closing', 'closed', 'started']);
  await table.close();
  expect(log).toEqual(['closing', 'closed', 'started', 'closing', 'closed']);
});
