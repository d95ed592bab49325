/** huggingface_hub refuses to fetch larger files over plain HTTP, decimal as it counts. */
const LIMIT_BYTES = 50_000_000_000;

/** Is the file so large that answers about it depend on the client? `size` in bytes. */
export const isOverPlainLimit = (size: number): boolean => size > LIMIT_BYTES;

/**
 * Must a HEAD leave the size out for this client? huggingface_hub gives up on a file of more than 50 GB without Xet
 * when it learns the size before the GET, and checks it all the same when the GET brings it. From 1.33 on it copes with
 * a HEAD that has no size; older versions insist on one, and cannot fetch such a file either way.
 *
 * @param userAgent contains `hf_hub/<version>` for these clients.
 */
export function hidesSize(userAgent: string | null, size: number): boolean {
  if (!isOverPlainLimit(size)) return false;
  const version = /\bhf_hub\/(\d{1,4})\.(\d{1,4})/.exec(userAgent ?? '');
  if (!version) return false;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  return major > 1 || (major === 1 && minor >= 33);
}
