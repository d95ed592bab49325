import type { Stats } from 'node:fs';
import { lstat, readlink, stat } from 'node:fs/promises';
import type { RunPart } from '../../contracts/hasher.ts';
import type { Torrent, TorrentFile } from '../../metainfo/torrent.ts';
import { isCacheLink } from './local-files.ts';

/** A file of a torrent as it is on the disk. */
export interface ContentFile {
  readonly file: TorrentFile;
  /** Where its bytes are, as bytes: names need not be UTF-8. */
  readonly path: Buffer;
  /** Of a link that stands for the text of where it leads, as git has it: that text. */
  readonly linkText?: Uint8Array;
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
  if (torrent.isSingleFile) return lookUnder((await isFolder(root)) ? below : root, torrent);
  const own = await lookUnder(root, torrent);
  // A repo may have a folder of its own name: what decides is where the files are.
  const inner = (await isFolder(below)) ? await lookUnder(below, torrent) : [];
  return countFound(inner) > countFound(own) ? inner : own;
}

/** The bytes `[start, end)` of a file that has as many. */
export function partOf({ path, linkText }: ContentFile, start: number, end: number): RunPart {
  return linkText ? linkText.slice(start, end) : { path, start, end };
}

function lookUnder(base: Buffer, { files, isSingleFile }: Torrent): Promise<ContentFile[]> {
  return Promise.all(
    files
      .filter(({ isPad, symlink }) => !isPad && symlink === undefined)
      .map((file) =>
        lookAt(file, isSingleFile ? base : Buffer.concat([base, ...file.rawPath.flatMap((part) => [SLASH, part])])),
      ),
  );
}

async function lookAt(file: TorrentFile, path: Buffer): Promise<ContentFile> {
  const own = await statusOf(() => lstat(path));
  if (!own?.isSymbolicLink()) return { file, path, size: own?.isFile() ? own.size : undefined };
  const text = await readlink(path, { encoding: 'buffer' });
  // Other programs follow every link when they make a torrent; ours keep the text. The length tells them apart.
  if (!isCacheLink(text) && text.length === file.length) {
    return { file, path, linkText: Uint8Array.from(text), size: text.length };
  }
  const target = await statusOf(() => stat(path));
  return { file, path, size: target?.isFile() ? target.size : undefined };
}

async function isFolder(path: Buffer): Promise<boolean> {
  return (await statusOf(() => stat(path)))?.isDirectory() ?? false;
}

function statusOf(ask: () => Promise<Stats>): Promise<Stats | undefined> {
  return ask().catch(() => undefined);
}

function countFound(files: readonly ContentFile[]): number {
  return files.filter(({ size }) => size !== undefined).length;
}
