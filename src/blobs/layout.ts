import { join, sep } from 'node:path';

/*
 * A store directory:
 *   blobs/ab/<sha256>          verified files; `ab` is how their name begins
 *   fills/                     files on their way (they belong to the fill engine)
 *   quarantine/<sha256>.<ms>   files that no longer match their name
 */

/** All folders below `blobs/`, in order. */
export const SHARDS: readonly string[] = Array.from({ length: 256 }, (_, index) => index.toString(16).padStart(2, '0'));

export const shardPath = (directory: string, shard: string): string => join(directory, 'blobs', shard);

export const blobPath = (directory: string, sha256: string): string =>
  join(shardPath(directory, sha256.slice(0, 2)), sha256);

export const fillsPath = (directory: string): string => join(directory, 'fills');

export const quarantinePath = (directory: string): string => join(directory, 'quarantine');

/** The store directory that a path is below. */
export function directoryOf(path: string, directories: readonly string[]): string | undefined {
  return directories.find((directory) => path.startsWith(directory.endsWith(sep) ? directory : directory + sep));
}
