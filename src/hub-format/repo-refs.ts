import { z } from 'zod';
import type { Commit } from '../contracts/domain.ts';
import { SwarmError } from '../errors.ts';

/** One line of `/api/{type}/{id}/refs`. */
export interface RepoRefLine {
  /** `main` */
  readonly name: string;
  /** `refs/heads/main` */
  readonly ref: string;
  readonly targetCommit: Commit;
}

/** The refs of a repo, as the Hub groups them. */
export interface RepoRefs {
  readonly branches: readonly RepoRefLine[];
  readonly tags: readonly RepoRefLine[];
  readonly converts: readonly RepoRefLine[];
  /** Only when they were asked for (`include_prs`). */
  readonly pullRequests?: readonly RepoRefLine[];
}

const line = z.object({
  name: z.string().max(1024),
  ref: z.string().max(1024),
  targetCommit: z.string().regex(/^[0-9a-f]{40}$/),
});
const lines = z.array(line).max(100_000);
const Refs = z.object({
  branches: lines.default([]),
  tags: lines.default([]),
  converts: lines.default([]),
  pullRequests: lines.optional(),
});

/**
 * Reads the JSON of `/api/{type}/{id}/refs`. Lists that are missing are empty, as clients subscript them.
 *
 * @param what the repo, for messages.
 * @throws SwarmError UPSTREAM_INVALID
 */
export function parseRepoRefs(json: unknown, what: string): RepoRefs {
  const result = Refs.safeParse(json);
  if (!result.success) throw new SwarmError('UPSTREAM_INVALID', `The Hub's list of refs of ${what} is malformed.`);
  const { pullRequests, ...refs } = result.data;
  return pullRequests ? { ...refs, pullRequests } : refs;
}
