import { join } from 'node:path';
import type { TorrentStorage } from '../contracts/torrent-storage.ts';
import type { Torrent } from '../metainfo/torrent.ts';
import type { OpenFiles } from '../storage/open-files.ts';
import { createTorrentFiles } from '../storage/torrent-files.ts';

/** The files of a torrent below a folder. `flat`: without a folder of the torrent's name between. */
export function openTorrentFolder(
  torrent: Torrent,
  options: { readonly to: string; readonly open: OpenFiles; readonly flat?: boolean; readonly readOnly?: boolean },
): TorrentStorage {
  const { to, open, flat = false, readOnly = false } = options;
  const folder = torrent.isSingleFile || flat ? '' : torrent.name;
  return createTorrentFiles({
    paths: torrent.files.map(({ path, isPad, symlink }) =>
      isPad || symlink !== undefined ? undefined : join(folder, path),
    ),
    lengths: torrent.files.map(({ length }) => length),
    root: to,
    open,
    readOnly,
  });
}
