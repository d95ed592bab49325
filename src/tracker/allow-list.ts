import { readFile, stat } from 'node:fs/promises';
import { fromHex, isSha1, isSha256 } from '../base/hex.ts';
import type { Clock } from '../contracts/clock.ts';
import { SwarmError } from '../errors.ts';

/** How often it is looked whether the file has changed. */
const LOOK_MS = 5000;
const MOST_BYTES = 256 * 2 ** 20;

/** The torrents of a list. */
export interface AllowList {
  has(infoHash: Uint8Array): boolean;
  readonly size: number;
  close(): void;
}

/**
 * Opens a list of info-hashes: hex, one per line, of v1 (40 digits) or v2 (64), with `#` before comments. It is read again when the file changes; one that
 * cannot be read then leaves the list as it was, and `onProblem` hears why. Rejects with CONFIG.
 */
export async function openAllowList(
  path: string,
  { clock, onProblem }: { readonly clock: Clock; readonly onProblem: (message: string) => void },
): Promise<AllowList> {
  let list = await readList(path);
  let readAt = await changedAt(path);
  const stop = new AbortController();

  async function follow(): Promise<void> {
    while (!stop.signal.aborted) {
      await clock.sleep(LOOK_MS, stop.signal).catch(() => {});
      const at = await changedAt(path);
      if (stop.signal.aborted || at === readAt) continue;
      readAt = at;
      list = await readList(path).catch((error: Error) => {
        onProblem(error.message);
        return list;
      });
    }
  }
  void follow();
  return {
    has: (infoHash) => list.has(textOf(infoHash)),
    get size() {
      return list.size;
    },
    close: () => stop.abort(),
  };
}

async function readList(path: string): Promise<ReadonlySet<string>> {
  const text = await readText(path);
  const list = new Set<string>();
  for (const [index, line] of text.split('\n').entries()) {
    const hex = line.replace(/#.*/, '').trim().toLowerCase();
    if (hex === '') continue;
    if (!isSha1(hex) && !isSha256(hex))
      throw new SwarmError('CONFIG', `${path}, line ${index + 1}: an info-hash has 40 or 64 hex digits.`);
    // In the swarm, a v2 hash is its first 20 bytes.
    list.add(textOf(fromHex(hex.slice(0, 40))));
  }
  return list;
}

async function readText(path: string): Promise<string> {
  try {
    if ((await stat(path)).size > MOST_BYTES) throw new SwarmError('CONFIG', `${path} is too large for a list.`);
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof SwarmError) throw cause;
    throw new SwarmError('CONFIG', `${path} cannot be read.`, { cause });
  }
}

async function changedAt(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}

function textOf(infoHash: Uint8Array): string {
  return String.fromCharCode(...infoHash);
}
