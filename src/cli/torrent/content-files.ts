import { access, stat } from 'node:fs/promises';
import type { Torrent, TorrentFile } from '../../metainfo/torrent.ts';

/** A file of a torrent as it is on the disk. */
export interface ContentFile {
  readonly file: TorrentFile;
  /** As bytes: names need not be UTF-8. */
  readonly path: Buffer;
  /** Undefined when it is not there. */
  readonly size: number | undefined;
}

const SLASH = Buffer.from('/');

/**
 * Where the content of a torrent is: `path` is its only file, its folder, or the folder that holds either. The elements of a torrent's
 * paths were checked when it was read, so nothing leads out of there.
 */
export async function findContent(torrent: Torrent, path: string): Promise<ContentFile[]> {
  const root = Buffer.from(path);
  const below = Buffer.concat([root, SLASH, torrent.rawName]);
  const isFolder = await stat(path).then((status) => status.isDirectory());
  const base = isFolder && (torrent.isSingleFile || (await isThere(below))) ? below : root;
  return Promise.all(
    torrent.files
      .filter(({ isPad, symlink }) => !isPad && symlink === undefined)
      .map(async (file) => {
        const own = torrent.isSingleFile
          ? base
          : Buffer.concat([base, ...file.rawPath.flatMap((part) => [SLASH, part])]);
        const status = await stat(own).catch(() => undefined);
        return { file, path: own, size: status?.isFile() ? status.size : undefined };
      }),
  );
}

function isThere(path: Buffer): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
