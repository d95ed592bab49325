import { z } from 'zod';
import type { RepoType } from '../contracts/domain.ts';
import type { RepoInfo } from '../contracts/hub.ts';
import { SwarmError } from '../errors.ts';
import { readLicenses } from './licenses.ts';
import { isRepoId } from './repo-id.ts';

const Info = z.object({
  id: z.string().refine(isRepoId),
  sha: z.string().regex(/^[0-9a-f]{40}$/),
  private: z.boolean().nullish(),
  // false, "auto" or "manual"
  gated: z.union([z.boolean(), z.string()]).nullish(),
  disabled: z.boolean().nullish(),
  // Read leniently: a strange model card must not make a repo unreadable.
  cardData: z.unknown().optional(),
  tags: z.unknown().optional(),
});

/**
 * Reads the JSON of `/api/{type}/{id}[/revision/{rev}]`. What the answer does not say counts against the repo: without
 * `private` or `gated` it is taken for private or gated (spaces cannot be gated, and never say).
 *
 * @param what the repo, for messages.
 * @throws SwarmError UPSTREAM_INVALID: no usable id or commit.
 */
export function parseRepoInfo(json: unknown, type: RepoType, what: string): RepoInfo {
  const result = Info.safeParse(json);
  if (!result.success) {
    const field = result.error.issues[0]?.path.join('.') || 'document';
    throw new SwarmError('UPSTREAM_INVALID', `The Hub's description of ${what} has no usable ${field}.`);
  }
  const info = result.data;
  return {
    repo: { type, id: info.id },
    commit: info.sha,
    private: info.private ?? true,
    gated: info.gated == null ? type !== 'spaces' : info.gated !== false,
    disabled: info.disabled ?? false,
    licenses: readLicenses(info.cardData, info.tags),
  };
}
