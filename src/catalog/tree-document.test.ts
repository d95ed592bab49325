import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Entry, RepoRef, Tree } from '../contracts/domain.ts';
import { isSwarmError } from '../errors.ts';
import { encodeTree, TreeDocument } from './tree-document.ts';

const repo: RepoRef = { type: 'models', id: 'org/model' };
const commit = '1'.repeat(40);

const hex = (digits: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: digits / 2, maxLength: digits / 2 }).map((bytes) => Buffer.from(bytes).toString('hex'));
const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 30 });

const anyEntry: fc.Arbitrary<Entry> = fc
  .record({
    path: name,
    size: fc.nat(2 ** 48),
    gitOid: hex(40),
    sha256: fc.option(hex(64)),
    xetHash: fc.option(hex(64)),
  })
  .map(({ sha256, xetHash, ...entry }) => ({
    ...entry,
    ...(sha256 === null ? {} : { sha256 }),
    ...(xetHash === null ? {} : { xetHash }),
  }));

const anyTree: fc.Arbitrary<Tree> = fc.record({
  repo: fc.constant(repo),
  commit: fc.constant(commit),
  entries: fc.uniqueArray(anyEntry, { selector: ({ path }) => path, maxLength: 20 }),
  directories: fc.array(fc.record({ path: name, gitOid: hex(40) }), { maxLength: 5 }),
});

test('a tree comes back from its document as it was', () => {
  fc.assert(
    fc.property(anyTree, (tree) => {
      const document = new TreeDocument(repo, commit, encodeTree(tree));
      expect(document.length).toBe(tree.entries.length);
      expect(document.tree()).toEqual(tree);
      for (const entry of tree.entries) expect(document.entry(entry.path)).toEqual(entry);
    }),
  );
});

test('a damaged document is INTERNAL, never another error', () => {
  fc.assert(
    fc.property(anyTree, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.nat(20), (tree, position, change, cut) => {
      const document = Uint8Array.from(encodeTree(tree));
      const index = position % document.length;
      document[index] = (document[index] ?? 0) ^ change;
      try {
        const damaged = new TreeDocument(repo, commit, document.subarray(0, document.length - cut));
        expect(damaged.tree().entries).toHaveLength(damaged.length);
      } catch (error) {
        expect(isSwarmError(error, 'INTERNAL')).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});
