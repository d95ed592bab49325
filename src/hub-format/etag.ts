import { isSha1, isSha256 } from '../base/hex.ts';

/** The content of an entity tag: without `W/` and quotes. Bounded; '' for nothing usable. */
export function normalizeEtag(value: string | null | undefined): string {
  if (!value || value.length > 1024) return '';
  return value
    .trim()
    .replace(/^W\//, '')
    .replace(/^"+|"+$/g, '');
}

/** The hash by which an ETag of the Hub names a file: the git oid of a plain file, the SHA-256 of an LFS file. */
export type EtagHash = { readonly gitOid: string } | { readonly sha256: string };

/** Reads the hash out of an ETag; undefined when it holds none (a masked or foreign tag). */
export function etagHash(value: string | null | undefined): EtagHash | undefined {
  const tag = normalizeEtag(value).toLowerCase();
  if (isSha1(tag)) return { gitOid: tag };
  if (isSha256(tag)) return { sha256: tag };
  return undefined;
}
