import { readFile, stat } from 'node:fs/promises';
import { SwarmError } from '../errors.ts';
import { parseTorrent } from '../metainfo/parse-torrent.ts';
import { MOST_TORRENT_BYTES, readTorrentInput, type TorrentInput, tooLarge, torrentInput } from './torrent-input.ts';

/**
 * Reads whatever `readTorrentInput` does, or the torrent file at a path. Rejects with BAD_MAGNET, BAD_TORRENT, CONFIG (no such file), TOO_LARGE,
 * UPSTREAM_UNAVAILABLE, `signal.reason`.
 */
export async function readAnyTorrent(
  input: string | Uint8Array,
  fetch: typeof globalThis.fetch,
  signal?: AbortSignal,
): Promise<TorrentInput> {
  const found = await readTorrentInput(input, fetch, signal);
  return found ?? torrentInput(parseTorrent(await readLocal(String(input))));
}

async function readLocal(path: string): Promise<Uint8Array> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile())
    throw new SwarmError('CONFIG', `${path} is no magnet link, URL, info-hash, or torrent file that is there.`);
  if (found.size > MOST_TORRENT_BYTES) throw tooLarge(path);
  return new Uint8Array(await readFile(path));
}
