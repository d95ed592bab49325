import type { Torrent, TorrentFile } from '../metainfo/torrent.ts';

/**
 * Where a web seed has a file (BEP 19): the seed's URL, then the torrent's name and the file's path, each element percent-encoded by its raw
 * bytes. The seed of a single file is the file itself unless it ends with a slash; without v1 keys its name is appended all the same, as
 * libtorrent 2.0.8 does. A query stays behind the path. Throws TypeError when `seed` is no URL.
 */
export function webSeedUrl(seed: string, torrent: Torrent, file: TorrentFile): URL {
  const url = new URL(seed);
  const isWhole = torrent.isSingleFile && torrent.version !== 'v2' && !url.pathname.endsWith('/');
  if (isWhole) return url;
  const elements = torrent.isSingleFile ? [torrent.rawName] : [torrent.rawName, ...file.rawPath];
  const base = url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`;
  url.pathname = base + elements.map(encodeElement).join('/');
  return url;
}

const UNRESERVED = /[A-Za-z0-9\-._~]/;

function encodeElement(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    text += UNRESERVED.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}
