import type { BencodeNode } from '../bencode/node.ts';
import { badTorrent, type TorrentLimits, tooLarge } from './limits.ts';
import { pathElementProblem } from './path-element.ts';
import type { TorrentFile } from './torrent.ts';

/** The files of a v1 info dictionary (BEP 3, with the attributes of BEP 47). Undefined when it has no v1 side. */
export function readV1Files(
  info: BencodeNode,
  name: Uint8Array,
  limits: Required<TorrentLimits>,
): { readonly files: TorrentFile[]; readonly isSingleFile: boolean } | undefined {
  const length = info.get('length');
  const list = info.get('files');
  if (length && list) throw badTorrent('has both "length" and "files"');
  if (length) return { files: [makeFile(info, [name], 0)], isSingleFile: true };
  if (!list) return undefined;
  const files: TorrentFile[] = [];
  let offset = 0;
  for (const entry of list.items()) {
    if (files.length >= limits.files) throw tooLarge(`has more than ${limits.files} files`);
    const file = makeFile(entry, readPath(entry, 'path'), offset);
    files.push(file);
    offset += file.length;
    if (!Number.isSafeInteger(offset)) throw badTorrent('has more than 2^53 bytes');
  }
  if (files.length === 0) throw badTorrent('has no files');
  refuseDuplicates(files);
  return { files, isSingleFile: false };
}

function makeFile(entry: BencodeNode, rawPath: Uint8Array[], offset: number): TorrentFile {
  const attributes = entry.get('attr')?.text() ?? '';
  const length = entry.get('length')?.integer();
  const isLink = attributes.includes('l');
  if (length === undefined ? !isLink : length < 0) throw badTorrent('has a file without a usable length');
  const symlink = isLink ? readPath(entry, 'symlink path').map(asText).join('/') : undefined;
  return {
    path: rawPath.map(asText).join('/'),
    rawPath,
    // A link has no bytes of its own, whatever its entry says.
    length: isLink ? 0 : (length ?? 0),
    offset,
    isPad: attributes.includes('p'),
    isExecutable: attributes.includes('x'),
    ...(symlink === undefined ? {} : { symlink }),
  };
}

function readPath(entry: BencodeNode, key: string): Uint8Array[] {
  // Old programs wrote `path` in the encoding of their system, and UTF-8 beside it.
  const list = entry.get(`${key}.utf-8`) ?? entry.get(key);
  const elements = list ? [...list.items()].map((item) => item.bytes()) : [];
  if (elements.length === 0) throw badTorrent('has a file without a path');
  const problem = elements.map(pathElementProblem).find(Boolean);
  if (problem) throw badTorrent(`has a path that ${problem}`);
  return elements;
}

function refuseDuplicates(files: readonly TorrentFile[]): void {
  const seen = new Set<string>();
  for (const { path, isPad } of files) {
    if (isPad) continue;
    if (seen.has(path)) throw badTorrent(`has the path "${path.slice(0, 200)}" twice`);
    seen.add(path);
  }
}

const decoder = new TextDecoder();

function asText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
