/**
 * Does an `If-None-Match` or `If-Match` list name this entity tag (RFC 9110 §8.8.3.2)? `*` names every one.
 * Weak comparison ignores `W/` on both sides; strong comparison matches no weak tag.
 */
export function listsEntityTag(list: string, etag: string, comparison: 'weak' | 'strong'): boolean {
  if (list.trim() === '*') return true;
  const wanted = opaqueTag(etag);
  if (comparison === 'strong' && isWeak(etag)) return false;
  for (const [tag] of list.matchAll(/(?:W\/)?"[\x21\x23-\x7e\x80-\uffff]*"/g)) {
    if (comparison === 'strong' && isWeak(tag)) continue;
    if (opaqueTag(tag) === wanted) return true;
  }
  return false;
}

/** `If-Range` with an entity tag: strong comparison of exactly one tag. */
export function isSameStrongTag(candidate: string, etag: string): boolean {
  return !isWeak(candidate) && candidate.trim() === etag;
}

const isWeak = (tag: string): boolean => tag.startsWith('W/');
const opaqueTag = (tag: string): string => (isWeak(tag) ? tag.slice(2) : tag);
