import { fromHex, toHex } from '../base/hex.ts';
import { SwarmError } from '../errors.ts';

/** Longest link that is read, in characters. */
const LONGEST = 64 * 1024;
/** Values of one key. */
const MOST_VALUES = 500;
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
/** Multihash: SHA-256, 32 bytes. */
const SHA256_MULTIHASH = '1220';

/** A magnet link (BEP 9, BEP 53). At least one of the info-hashes is there. */
export interface Magnet {
  /** v1, 20 bytes. */
  readonly infoHash?: Uint8Array;
  /** v2, 32 bytes. */
  readonly infoHashV2?: Uint8Array;
  /** `dn` */
  readonly name?: string;
  /** `xl`, bytes. */
  readonly length?: number;
  /** `tr` */
  readonly trackers: readonly string[];
  /** `ws`: BEP 19. */
  readonly webSeeds: readonly string[];
  /** `xs`: where the torrent file is. */
  readonly exactSources: readonly string[];
  /** `x.pe`, `host:port`. */
  readonly peers: readonly string[];
  /** `so`: numbers of the files that are wanted, both ends included. */
  readonly select?: readonly (readonly [first: number, last: number])[];
}

/** Reads a magnet link. Throws BAD_MAGNET: no usable info-hash, a malformed part, or too much of something. */
export function parseMagnet(uri: string): Magnet {
  if (uri.length > LONGEST) throw bad(`is longer than ${LONGEST} characters`);
  const [, query] = /^magnet:\?(.*)$/is.exec(uri.trim()) ?? [];
  if (query === undefined) throw bad('does not begin with "magnet:?"');
  const values = new Map<string, string[]>();
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const [name = '', ...rest] = pair.split('=');
    // `tr.1`, `xt.2`: numbered where somebody may not repeat a key.
    const key = decoded(name)
      .toLowerCase()
      .replace(/\.\d+$/, '');
    const list = values.get(key) ?? [];
    if (list.length >= MOST_VALUES) throw bad(`has more than ${MOST_VALUES} times "${key.slice(0, 20)}"`);
    values.set(key, [...list, decoded(rest.join('='))]);
  }
  const all = (key: string): string[] => (values.get(key) ?? []).filter((value) => value !== '');
  const hashes = readHashes(all('xt'));
  const [name] = all('dn');
  const length = readLength(all('xl')[0]);
  const select = readSelection(all('so')[0]);
  return {
    ...hashes,
    ...(name === undefined ? {} : { name }),
    ...(length === undefined ? {} : { length }),
    trackers: all('tr'),
    webSeeds: all('ws'),
    exactSources: all('xs'),
    peers: all('x.pe'),
    ...(select === undefined ? {} : { select }),
  };
}

/** Writes a magnet link, hashes first, every value percent-encoded. Throws BAD_MAGNET when it has no info-hash. */
export function formatMagnet(magnet: Magnet): string {
  const { infoHash, infoHashV2, name, length, select } = magnet;
  const parts: string[] = [];
  if (infoHash) parts.push(`xt=urn:btih:${toHex(infoHash)}`);
  if (infoHashV2) parts.push(`xt=urn:btmh:${SHA256_MULTIHASH}${toHex(infoHashV2)}`);
  if (parts.length === 0) throw bad('has no info-hash');
  const add = (key: string, values: readonly string[]): void => {
    for (const value of values) parts.push(`${key}=${encodeURIComponent(value)}`);
  };
  if (name !== undefined) add('dn', [name]);
  if (length !== undefined) parts.push(`xl=${length}`);
  add('tr', magnet.trackers);
  add('ws', magnet.webSeeds);
  add('xs', magnet.exactSources);
  add('x.pe', magnet.peers);
  if (select)
    parts.push(`so=${select.map(([first, last]) => (first === last ? first : `${first}-${last}`)).join(',')}`);
  return `magnet:?${parts.join('&')}`;
}

function readHashes(topics: readonly string[]): Pick<Magnet, 'infoHash' | 'infoHashV2'> {
  let infoHash: Uint8Array | undefined;
  let infoHashV2: Uint8Array | undefined;
  for (const topic of topics) {
    const [, kind, value = ''] = /^urn:(btih|btmh):(.*)$/is.exec(topic) ?? [];
    if (kind?.toLowerCase() === 'btih') infoHash ??= readV1(value);
    if (kind?.toLowerCase() === 'btmh') infoHashV2 ??= readV2(value);
  }
  if (!infoHash && !infoHashV2) throw bad('has no info-hash (xt=urn:btih:... or xt=urn:btmh:...)');
  return { ...(infoHash ? { infoHash } : {}), ...(infoHashV2 ? { infoHashV2 } : {}) };
}

function readV1(value: string): Uint8Array {
  if (/^[0-9a-f]{40}$/i.test(value)) return fromHex(value);
  if (/^[a-z2-7]{32}$/i.test(value)) return fromBase32(value.toLowerCase());
  throw bad('has a btih that is neither 40 hex digits nor 32 of base32');
}

function readV2(value: string): Uint8Array {
  if (/^1220[0-9a-f]{64}$/i.test(value)) return fromHex(value.slice(SHA256_MULTIHASH.length));
  throw bad('has a btmh that is no SHA-256 multihash (1220 and 64 hex digits)');
}

function fromBase32(text: string): Uint8Array {
  const bytes = new Uint8Array((text.length * 5) / 8);
  let bits = 0;
  let buffer = 0;
  let position = 0;
  for (const character of text) {
    buffer = (buffer << 5) | BASE32.indexOf(character);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[position++] = buffer >> bits;
    buffer &= (1 << bits) - 1;
  }
  return bytes;
}

function readLength(value: string | undefined): number | undefined {
  if (value === undefined || !/^\d{1,16}$/.test(value)) return undefined;
  const length = Number(value);
  return Number.isSafeInteger(length) ? length : undefined;
}

function readSelection(value: string | undefined): (readonly [number, number])[] | undefined {
  if (value === undefined) return undefined;
  return value.split(',').map((range) => {
    const [, first = '', last = first] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(range) ?? [];
    if (first === '' || Number(last) < Number(first))
      throw bad(`has a malformed selection of files (so=${value.slice(0, 40)})`);
    return [Number(first), Number(last)] as const;
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw bad('has an invalid percent escape');
  }
}

function bad(problem: string): SwarmError {
  return new SwarmError('BAD_MAGNET', `The magnet link ${problem}.`);
}
