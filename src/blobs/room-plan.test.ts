import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { StoredBlob } from '../contracts/catalog.ts';
import { planRoom } from './room-plan.ts';

const DIRECTORIES = ['/one', '/two', '/three'];
/** `/one` and `/two` are on one disk. */
const deviceOf = (directory: string): number => (directory === '/three' ? 3 : 1);

const anyBlob: fc.Arbitrary<StoredBlob> = fc.record({
  sha256: fc.uuid(),
  size: fc.nat(100),
  gitOid: fc.constant(''),
  directory: fc.constantFrom(...DIRECTORIES),
  usedAt: fc.constant(0),
  pinned: fc.constant(false),
  verifiedAt: fc.constant(0),
});

const anyCandidates = fc
  .subarray(DIRECTORIES, { minLength: 1 })
  .chain((directories) =>
    fc.tuple(
      ...directories.map((directory) =>
        fc.integer({ min: -300, max: 3000 }).map((missing) => ({ directory, device: deviceOf(directory), missing })),
      ),
    ),
  );

const sum = (blobs: readonly StoredBlob[]): number => blobs.reduce((total, { size }) => total + size, 0);
const on = (blobs: readonly StoredBlob[], device: number): StoredBlob[] =>
  blobs.filter(({ directory }) => deviceOf(directory) === device);

test('a plan frees enough, in the order of use, and its last victim was needed', () => {
  fc.assert(
    fc.property(
      anyCandidates,
      fc.integer({ min: -300, max: 3000 }),
      fc.array(anyBlob, { maxLength: 100 }),
      (candidates, cacheExcess, all) => {
        const leastRecentlyUsed = (limit: number) => ({ blobs: all.slice(0, limit), exhausted: limit > all.length });
        const plan = planRoom({ candidates, cacheExcess, deviceOf, leastRecentlyUsed });
        if (!plan) {
          for (const { device, missing } of candidates) {
            expect(sum(on(all, device)) < missing || sum(all) < cacheExcess).toBe(true);
          }
          return;
        }
        const { candidate, victims } = plan;
        const enough = (some: readonly StoredBlob[]): boolean =>
          sum(on(some, candidate.device)) >= candidate.missing && sum(some) >= cacheExcess;
        expect(enough(victims)).toBe(true);
        if (victims.length > 0) expect(enough(victims.slice(0, -1))).toBe(false);
        expect(victims).toEqual(all.filter((blob) => victims.includes(blob)));
      },
    ),
  );
});

test('the directory with the most room is taken, though another would do', () => {
  const candidates = [
    { directory: '/one', device: 1, missing: -100 },
    { directory: '/three', device: 3, missing: -200 },
  ];
  const leastRecentlyUsed = () => ({ blobs: [], exhausted: true });
  const plan = planRoom({ candidates, cacheExcess: 0, deviceOf, leastRecentlyUsed });
  expect(plan).toEqual({ candidate: candidates[1], victims: [] });
});
