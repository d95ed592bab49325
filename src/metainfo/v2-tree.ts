import type { BencodeNode } from '../bencode/node.ts';
import { badTorrent, type TorrentLimits, tooLarge } from './limits.ts';
import { pathElementProblem } from './path-element.ts';
import type { TorrentFile } from './torrent.ts';

const ROOT_BYTES = 32;

/** The files of a BEP 52 `file tree`, in its order, each at the beginning of a piece. */
export function readV2Files(tree: BencodeNode, pieceLength: number, limits: Required<TorrentLimits>): TorrentFile[] {
  const files: TorrentFile[] = [];
  let offset = 0;
  const walk = (node: BencodeNode, above: readonly Uint8Array[]): void => {
    if (!node.keysSorted) throw badTorrent('has a file tree whose names are not sorted');
    for (const [element, child] of node.entries()) {
      const problem = pathElementProblem(element);
      if (problem) throw badTorrent(`has a path that ${problem}`);
      const rawPath = [...above, element];
      const leaf = child.get('');
      if (!leaf) {
        walk(child, rawPath);
        continue;
      }
      if (files.length >= limits.files) throw tooLarge(`has more than ${limits.files} files`);
      if ([...child.entries()].length > 1) throw badTorrent('has a file that is a folder too');
      const file = makeFile(leaf, rawPath, offset);
      files.push(file);
      offset += Math.ceil(file.length / pieceLength) * pieceLength;
      if (!Number.isSafeInteger(offset)) throw badTorrent('has more than 2^53 bytes');
    }
  };
  walk(tree, []);
  if (files.length === 0) throw badTorrent('has no files');
  return files;
}

function makeFile(leaf: BencodeNode, rawPath: readonly Uint8Array[], offset: number): TorrentFile {
  const length = leaf.get('length')?.integer();
  const root = leaf.get('pieces root')?.bytes();
  const attributes = leaf.get('attr')?.text() ?? '';
  const path = rawPath.map((element) => new TextDecoder().decode(element)).join('/');
  if (length === undefined || length < 0) throw badTorrent(`has no usable length for ${path}`);
  if (root && root.length !== ROOT_BYTES) throw badTorrent(`has a root for ${path} that is no SHA-256`);
  if (length > 0 && !root) throw badTorrent(`has no root for ${path}`);
  return {
    path,
    rawPath,
    length,
    offset,
    isPad: false,
    isExecutable: attributes.includes('x'),
    // libtorrent up to 2.0.3 wrote a root of zeros for empty files, which says nothing.
    ...(root && length > 0 ? { root } : {}),
  };
}
