import { toHex } from '../base/hex.ts';
import { decode } from '../bencode/decode.ts';
import type { BencodeNode } from '../bencode/node.ts';
import { badTorrent, DECODE_LIMITS, DEFAULT_LIMITS, type TorrentLimits, tooLarge } from './limits.ts';
import { layerMatches } from './merkle.ts';
import { type InfoPart, readInfo } from './parse-info.ts';
import type { Provenance, Torrent } from './torrent.ts';

/** Trackers, web seeds and DHT nodes that are read; more are no use to anybody. */
const MOST_ADDRESSES = 1000;
const LONGEST_ADDRESS = 8192;
const LONGEST_TEXT = 64 * 1024;

/**
 * Reads and checks a torrent file: v1, v2 or hybrid. Its info-hashes are taken over the info dictionary exactly as it stands.
 * What is only a hint (addresses, comments) is left out when it is malformed.
 *
 * @throws SwarmError BAD_TORRENT (the message says what is wrong), TOO_LARGE
 */
export function parseTorrent(bytes: Uint8Array, limits: TorrentLimits = {}): Torrent {
  const bounds = { ...DEFAULT_LIMITS, ...limits };
  if (bytes.length > bounds.torrentBytes) throw tooLarge(`is larger than ${bounds.torrentBytes} bytes`);
  const root = decode(bytes, DECODE_LIMITS);
  if (root.kind !== 'dictionary') throw badTorrent('is no dictionary');
  const infoNode = root.get('info');
  if (!infoNode) throw badTorrent('has no info dictionary');
  const info = readInfo(infoNode, bounds);
  const pieceLayers = readLayers(root.get('piece layers'), info);
  const wanted = info.files.filter(({ root: hash, length }) => hash && length > info.pieceLength);
  const comment = hint(() => root.get('comment')?.text().slice(0, LONGEST_TEXT));
  const createdBy = hint(() => root.get('created by')?.text().slice(0, LONGEST_TEXT));
  const creationDate = hint(() => root.get('creation date')?.integer());
  const provenance = hint(() => readProvenance(root.get('modelswarm')));
  return {
    ...info,
    pieceLayers,
    hasAllLayers: wanted.every(({ root: hash }) => hash && pieceLayers.has(toHex(hash))),
    trackers: readTrackers(root),
    webSeeds: readAddresses(root.get('url-list')),
    httpSeeds: readAddresses(root.get('httpseeds')),
    nodes: hint(() => readNodes(root.get('nodes'))) ?? [],
    ...(comment === undefined ? {} : { comment }),
    ...(createdBy === undefined ? {} : { createdBy }),
    ...(creationDate === undefined ? {} : { creationDate }),
    ...(provenance === undefined ? {} : { provenance }),
  };
}

/** The layers that are there, each proved by the root of its file. They stand outside what the info-hash covers. */
function readLayers(node: BencodeNode | undefined, { files, pieceLength }: InfoPart): Map<string, Uint8Array> {
  const layers = new Map<string, Uint8Array>();
  if (!node) return layers;
  const lengths = new Map(files.flatMap(({ root, length }) => (root ? [[toHex(root), length] as const] : [])));
  for (const [root, value] of node.entries()) {
    const key = toHex(root);
    const length = lengths.get(key);
    if (length === undefined) throw badTorrent('has a piece layer of a file that it does not have');
    if (length <= pieceLength) throw badTorrent('has a piece layer for a file of a single piece');
    const layer = value.bytes();
    if (!layerMatches(layer, root, length, pieceLength))
      throw badTorrent('has a piece layer that does not lead to its root');
    layers.set(key, layer);
  }
  return layers;
}

/** BEP 12: the list wins over the single one. */
function readTrackers(root: BencodeNode): string[][] {
  const list = root.get('announce-list');
  const tiers = list?.kind === 'list' ? [...list.items()].slice(0, MOST_ADDRESSES).map(readAddresses) : [];
  const used = tiers.filter((tier) => tier.length > 0);
  if (used.length > 0) return used;
  const single = readAddresses(root.get('announce'));
  return single.length > 0 ? [single] : [];
}

/** One address or a list of them; what is none is left out. */
function readAddresses(node: BencodeNode | undefined): string[] {
  if (!node) return [];
  const items = node.kind === 'list' ? [...node.items()].slice(0, MOST_ADDRESSES) : [node];
  return items.flatMap((item) => {
    const text = item.kind === 'bytes' ? item.text().trim() : '';
    return text !== '' && text.length <= LONGEST_ADDRESS ? [text] : [];
  });
}

function readNodes(node: BencodeNode | undefined): { host: string; port: number }[] {
  const items = node?.kind === 'list' ? [...node.items()].slice(0, MOST_ADDRESSES) : [];
  return items.map((item) => {
    const [host, port] = [...item.items()];
    return { host: host?.text().slice(0, 255) ?? '', port: port?.integer() ?? 0 };
  });
}

function readProvenance(node: BencodeNode | undefined): Provenance | undefined {
  const text = (key: string): string | undefined => node?.get(key)?.text().slice(0, LONGEST_TEXT);
  const [repo, commit, path, sha256] = ['repo', 'commit', 'path', 'sha256'].map(text);
  if (repo === undefined || commit === undefined) return undefined;
  return { repo, commit, ...(path === undefined ? {} : { path }), ...(sha256 === undefined ? {} : { sha256 }) };
}

/** What is only a hint must not make a torrent unusable. */
function hint<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
