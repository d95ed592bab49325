import { z } from 'zod';
import { isSha256 } from '../base/hex.ts';
import type { Entry, TreeDirectory } from '../contracts/domain.ts';
import { SwarmError } from '../errors.ts';
import { pathProblem } from './repo-path.ts';

/** One answer of `/tree/` or `/paths-info/`. */
export interface TreePage {
  readonly entries: Entry[];
  readonly directories: TreeDirectory[];
}

/** Items in one answer; the Hub sends at most 1,000 (tree) or 2,000 (paths-info), mirrors send whole trees at once. */
export const MAX_TREE_ITEMS = 1_000_000;

const sha1 = z.string().regex(/^[0-9a-f]{40}$/);
const size = z.int().min(0);
const path = z.string().superRefine((text, context) => {
  const problem = pathProblem(text);
  if (problem) context.addIssue({ code: 'custom', message: `path ${problem}` });
});

const Page = z.array(z.looseObject({ type: z.string() })).max(MAX_TREE_ITEMS);
const Directory = z.object({ path, oid: sha1 });
const File = z.object({
  path,
  oid: sha1,
  size,
  // A masked SHA-256 would leave nothing to check an LFS file by, so it is an error here, other than a masked xetHash.
  lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size }).nullish(),
  xetHash: z.string().nullish(),
});

function parsed<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const where = issue?.path.join('.') ?? '';
  throw new SwarmError('UPSTREAM_INVALID', `The Hub's listing of ${what} cannot be right: ${where} ${issue?.message}.`);
}

function toEntry(item: unknown, what: string): Entry {
  const file = parsed(File, item, what);
  if (file.lfs && file.lfs.size !== file.size) {
    throw new SwarmError('UPSTREAM_INVALID', `The Hub's listing of ${what} gives two sizes for ${file.path}.`);
  }
  return {
    path: file.path,
    size: file.size,
    gitOid: file.oid,
    ...(file.lfs ? { sha256: file.lfs.oid } : {}),
    // Callers without access to a gated repo get 64 asterisks.
    ...(isSha256(file.xetHash) ? { xetHash: file.xetHash } : {}),
  };
}

/**
 * Reads the JSON of `/tree/` or `/paths-info/`. Items that are neither file nor directory (submodules) are left out.
 *
 * @param what the repo and commit, for messages.
 * @throws SwarmError UPSTREAM_INVALID: malformed hashes, sizes or paths.
 */
export function parseTreePage(json: unknown, what: string): TreePage {
  const entries: Entry[] = [];
  const directories: TreeDirectory[] = [];
  for (const item of parsed(Page, json, what)) {
    if (item.type === 'file') entries.push(toEntry(item, what));
    if (item.type === 'directory') {
      const directory = parsed(Directory, item, what);
      directories.push({ path: directory.path, gitOid: directory.oid });
    }
  }
  return { entries, directories };
}
