import { basename, dirname } from 'node:path';
import { isSha1 } from '../../base/hex.ts';
import { SwarmError } from '../../errors.ts';

/** What huggingface_hub puts into a snapshot in place of a file. */
const CACHE_LINK = /^(?:\.\.\/)+blobs\/(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const CACHE_FOLDER = /^(?:models|datasets|spaces)--(?:.+--)?(?<name>.+)$/;

/** Does a link of this text stand for a file of the Hugging Face cache, and not for itself? */
export function isCacheLink(text: Uint8Array): boolean {
  return CACHE_LINK.test(Buffer.from(text).toString('latin1'));
}

/**
 * The name of the torrent of a folder: its own, or in the Hugging Face cache that of the repo. Throws CONFIG for a folder whose name is a
 * commit, which would give the same files another torrent with each revision, and for a repo's cache as a whole.
 *
 * @param folder absolute
 */
export function nameOfFolder(folder: string): string {
  const own = basename(folder);
  if (own === '')
    throw new SwarmError('CONFIG', 'The root of the file system has no name; --name gives the torrent one.');
  if (CACHE_FOLDER.test(own)) {
    throw new SwarmError(
      'CONFIG',
      `${folder} is a repo in the Hugging Face cache. Its files are in ${folder}/snapshots/<commit>; --name makes a torrent of it as it is.`,
    );
  }
  if (!isSha1(own)) return own;
  const name = CACHE_FOLDER.exec(basename(dirname(dirname(folder))))?.groups?.name;
  if (name !== undefined && basename(dirname(folder)) === 'snapshots') return name;
  throw new SwarmError('CONFIG', `${folder} is named after a commit; --name says what the torrent is to be called.`);
}
