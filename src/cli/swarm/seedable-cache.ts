import type { HubClient } from '../../contracts/hub.ts';
import { isSwarmError } from '../../errors.ts';
import { createHubClient } from '../../hub/hub-client.ts';
import { repoName } from '../../hub-format/repo-id.ts';
import { type CachedSnapshot, listSnapshots } from '../../storage/hf-cache.ts';
import { REDISTRIBUTABLE } from '../../torrents/licenses.ts';

/** Files of an incomplete snapshot that are worth a torrent of their own. */
const SMALLEST_FILE = 1024 * 1024;

/** Something in the cache of huggingface_hub that may be seeded. */
export interface Seedable {
  /** A file or a folder. */
  readonly path: string;
  /** What its torrent is called: the repo's name, or the file's. */
  readonly name: string;
}

/**
 * What of a cache may be seeded: of repos that the Hub gives to everybody, under a licence that allows passing copies on. A snapshot that has every
 * file of its commit is one torrent, as everybody's; else each of its larger files is. `onSkipped` hears what is left out, and why.
 */
export async function* seedableCache(
  cache: string,
  endpoint: string,
  onSkipped: (what: string, why: string) => void,
): AsyncGenerator<Seedable> {
  // Without a token: what only some may have is not for a swarm.
  const hub = createHubClient({ endpoint });
  try {
    for await (const snapshot of listSnapshots(cache)) {
      const problem = await whyNot(hub, snapshot);
      const what = `${repoName(snapshot.repo)}@${snapshot.commit.slice(0, 10)}`;
      if (problem !== undefined) onSkipped(what, problem);
      else yield* await seedables(hub, snapshot);
    }
  } finally {
    await hub.close();
  }
}

async function whyNot(hub: HubClient, { repo, commit }: CachedSnapshot): Promise<string | undefined> {
  try {
    const info = await hub.repoInfo(repo, commit);
    if (info.private || info.gated || info.disabled) return 'it is gated, private or disabled';
    const refused = info.licenses.filter((license) => !REDISTRIBUTABLE.has(license));
    if (info.licenses.length === 0) return 'it names no licence';
    return refused.length > 0 ? `its licence (${refused.join(', ')}) is not known to allow it` : undefined;
  } catch (error) {
    if (!isSwarmError(error)) throw error;
    return `the Hub does not say that everybody may have it: ${error.message}`;
  }
}

async function seedables(hub: HubClient, { repo, commit, folder, files }: CachedSnapshot): Promise<Seedable[]> {
  const { entries } = await hub.tree(repo, commit);
  const sizes = new Map(files.map(({ path, size }) => [path, size]));
  const isWhole = entries.every(({ path, size }) => sizes.get(path) === size) && entries.length === files.length;
  if (isWhole) return [{ path: folder, name: repo.id.split('/').at(-1) ?? repo.id }];
  const known = new Map(entries.map(({ path, size }) => [path, size]));
  return files
    .filter(({ path, size }) => size >= SMALLEST_FILE && known.get(path) === size)
    .map(({ path, realPath }) => ({ path: realPath, name: path.split('/').at(-1) ?? path }));
}
