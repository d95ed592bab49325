import { createHash } from 'node:crypto';
import { mkdir, readFile, realpath, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTorrent } from '../../metainfo/create-torrent.ts';
import { parseTorrent } from '../../metainfo/parse-torrent.ts';
import type { Torrent } from '../../metainfo/torrent.ts';
import type { Terminal } from '../terminal.ts';
import { createFromPath } from '../torrent/create-local.ts';
import { listLocalFiles } from '../torrent/local-files.ts';
import { stateFolder } from './flags.ts';

/** A torrent of what is on the disk. */
export interface MadeTorrent {
  readonly torrent: Torrent;
  /** Its file. */
  readonly bytes: Uint8Array;
  /** Does each of its files have its bytes on the disk? A link that stands for its text has not. */
  readonly isComplete: boolean;
}

/**
 * The canonical torrent of a local file or folder. It is made once, and kept as long as no file changes: hashing 500 GB takes minutes.
 * Throws as `createFromPath` does.
 */
export async function makeTorrent(path: string, name: string | undefined, terminal: Terminal): Promise<MadeTorrent> {
  const content = await listLocalFiles(path, name);
  const key = createHash('sha256');
  key.update(JSON.stringify([await realpath(path), content.name.toString('latin1')]));
  for (const file of content.files) {
    key.update(JSON.stringify([file.path.toString('latin1'), file.length, file.modifiedAt, file.isLink]));
  }
  const folder = join(stateFolder(terminal.environment), 'made');
  const place = join(folder, `${key.digest('hex')}.torrent`);
  const isComplete = !content.files.some(({ isLink }) => isLink);
  const known = await readKnown(place);
  if (known) return { ...known, isComplete };
  const onNamed = async (): Promise<void> => {};
  const { info, pieceLayers } = await createFromPath(path, { name, variant: 'default', terminal, onNamed });
  const bytes = createTorrent({ info, pieceLayers });
  await mkdir(folder, { recursive: true });
  await writeFile(`${place}.${process.pid}.new`, bytes);
  await rename(`${place}.${process.pid}.new`, place);
  return { torrent: parseTorrent(bytes), bytes, isComplete };
}

async function readKnown(
  place: string,
): Promise<{ readonly torrent: Torrent; readonly bytes: Uint8Array } | undefined> {
  try {
    const bytes = new Uint8Array(await readFile(place));
    return { torrent: parseTorrent(bytes), bytes };
  } catch {
    return undefined;
  }
}
