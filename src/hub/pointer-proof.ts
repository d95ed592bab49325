import { platform } from '#platform';
import { toHex } from '../base/hex.ts';
import type { Entry } from '../contracts/domain.ts';
import { SwarmError } from '../errors.ts';
import { lfsPointerGitObject } from '../hub-format/lfs-pointer.ts';

/**
 * Ties the SHA-256 of each LFS entry to its git object: the oid must be the SHA-1 of the pointer that holds this
 * SHA-256 and size. Plain entries have nothing to prove before their bytes are here.
 *
 * @param what the repo and commit, for messages.
 * @throws SwarmError INTEGRITY naming repo and path.
 */
export async function provePointers(entries: readonly Entry[], what: string): Promise<void> {
  for (const { path, size, gitOid, sha256 } of entries) {
    if (sha256 === undefined) continue;
    const oid = toHex(platform.digest('SHA-1', lfsPointerGitObject({ sha256, size })));
    if (oid !== gitOid) {
      throw new SwarmError(
        'INTEGRITY',
        `The Hub's listing of ${what} contradicts itself at ${path}: its SHA-256 and size belong to git object ${oid}, ` +
          `the listing says ${gitOid}.`,
      );
    }
  }
}
