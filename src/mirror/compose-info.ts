import type { Tree } from '../contracts/domain.ts';
import { fileItem } from './tree-items.ts';

/**
 * The description of a public repo as far as its files tell: what clients need to download it while the Hub cannot be
 * asked. `blobs` adds sizes and hashes to the list of files.
 */
export function composeInfo({ repo, commit, entries }: Tree, blobs: boolean): Record<string, unknown> {
  const [author] = repo.id.split('/');
  return {
    id: repo.id,
    ...(repo.type === 'models' ? { modelId: repo.id } : {}),
    ...(repo.id.includes('/') ? { author } : {}),
    sha: commit,
    private: false,
    gated: false,
    disabled: false,
    tags: [],
    siblings: entries.map((entry) => {
      const item = fileItem(entry);
      if (!blobs || item.type !== 'file') return { rfilename: entry.path };
      const { oid, size, lfs } = item;
      // The same object is called `oid` in a tree and `sha256` here.
      const pointer = lfs && { sha256: lfs.oid, size: lfs.size, pointerSize: lfs.pointerSize };
      return { rfilename: entry.path, size, blobId: oid, ...(pointer ? { lfs: pointer } : {}) };
    }),
  };
}
