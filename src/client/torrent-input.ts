import { concat } from '../base/concat.ts';
import { fromHex } from '../base/hex.ts';
import { sameBytes } from '../base/same-bytes.ts';
import { isSwarmError, SwarmError } from '../errors.ts';
import { type Magnet, parseMagnet } from '../metainfo/magnet.ts';
import { parseTorrent } from '../metainfo/parse-torrent.ts';
import type { Torrent } from '../metainfo/torrent.ts';
import type { TorrentNames } from '../swarm/create-peer.ts';

/** What `parseTorrent` reads. */
export const MOST_TORRENT_BYTES = 10_000_000;
const FETCH_MS = 30_000;
const EXACT_SOURCE_MS = 8000;

/** What somebody gave us to download. */
export interface TorrentInput {
  readonly names: TorrentNames;
  /** What to call it. */
  readonly name: string;
  /** Undefined: it is asked of peers. */
  readonly torrent: Torrent | undefined;
  readonly trackers: readonly (readonly string[])[];
  readonly webSeeds: readonly string[];
  readonly peers: readonly string[];
  /** Numbers of the files that are wanted (BEP 53). */
  readonly select: Magnet['select'];
}

/**
 * Reads a magnet link, the bytes of a torrent file, the URL of one, or a bare info-hash in hex; undefined: it is none of these. Rejects with
 * BAD_MAGNET, BAD_TORRENT, TOO_LARGE, UPSTREAM_UNAVAILABLE, `signal.reason`.
 */
export async function readTorrentInput(
  input: string | Uint8Array,
  fetch: typeof globalThis.fetch,
  signal?: AbortSignal,
): Promise<TorrentInput | undefined> {
  if (typeof input !== 'string') return torrentInput(parseTorrent(input));
  if (/^magnet:/i.test(input)) return await ofMagnet(parseMagnet(input), fetch, signal);
  if (/^https?:\/\//i.test(input)) return torrentInput(parseTorrent(await download(input, fetch, FETCH_MS, signal)));
  if (/^([0-9a-f]{40}|[0-9a-f]{64})$/i.test(input)) return await ofMagnet(ofHash(input), fetch, signal);
  return undefined;
}

/** A torrent that is there already. */
export function torrentInput(torrent: Torrent): TorrentInput {
  const { name, trackers, webSeeds } = torrent;
  return { names: torrent, name, torrent, trackers, webSeeds, peers: [], select: undefined };
}

async function ofMagnet(
  magnet: Magnet,
  fetch: typeof globalThis.fetch,
  signal: AbortSignal | undefined,
): Promise<TorrentInput> {
  const { infoHash, infoHashV2, name, trackers, webSeeds, exactSources, peers, select } = magnet;
  const torrent = await firstThatMatches(exactSources, magnet, fetch, signal);
  const own = torrent?.trackers.flat() ?? [];
  return {
    names: torrent ?? { infoHash, infoHashV2 },
    name: name ?? 'metadata',
    torrent,
    // Each a tier of its own: all of them are asked.
    trackers: [...new Set([...trackers, ...own])].map((url) => [url]),
    webSeeds: [...new Set([...webSeeds, ...(torrent?.webSeeds ?? [])])],
    peers,
    select,
  };
}

function ofHash(hex: string): Magnet {
  const hash = fromHex(hex);
  const names = hash.length === 20 ? { infoHash: hash } : { infoHashV2: hash };
  return { ...names, trackers: [], webSeeds: [], exactSources: [], peers: [] };
}

/** The torrent that a magnet link's `xs` leads to; undefined when there is none, which peers then make up for. */
async function firstThatMatches(
  urls: readonly string[],
  magnet: Magnet,
  fetch: typeof globalThis.fetch,
  signal: AbortSignal | undefined,
): Promise<Torrent | undefined> {
  for (const url of urls.filter((candidate) => /^https?:\/\//i.test(candidate)).slice(0, 3)) {
    try {
      const torrent = parseTorrent(await download(url, fetch, EXACT_SOURCE_MS, signal));
      if (matches(torrent, magnet)) return torrent;
    } catch (error) {
      signal?.throwIfAborted();
      if (!isSwarmError(error)) throw error;
    }
  }
  return undefined;
}

function matches(torrent: Torrent, { infoHash, infoHashV2 }: Magnet): boolean {
  return (
    (!infoHash || sameBytes(torrent.infoHash, infoHash)) && (!infoHashV2 || sameBytes(torrent.infoHashV2, infoHashV2))
  );
}

/** Fetches a torrent file. Rejects with UPSTREAM_UNAVAILABLE, TOO_LARGE, `signal.reason`. */
export async function download(
  url: string,
  fetch: typeof globalThis.fetch,
  milliseconds: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const limit = AbortSignal.timeout(milliseconds);
  try {
    const response = await fetch(url, { signal: signal ? AbortSignal.any([signal, limit]) : limit });
    if (!response.ok) throw new SwarmError('UPSTREAM_UNAVAILABLE', `${url} answered ${response.status}.`);
    return await boundedBody(response, url);
  } catch (error) {
    signal?.throwIfAborted();
    if (isSwarmError(error)) throw error;
    throw new SwarmError('UPSTREAM_UNAVAILABLE', `${url} cannot be fetched.`, { cause: error });
  }
}

/** The body of an answer, if it is no longer than a torrent file may be. Rejects with TOO_LARGE. */
export async function boundedBody(response: Response, url: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    parts.push(part);
    length += part.length;
    if (length > MOST_TORRENT_BYTES) throw tooLarge(url);
  }
  return concat(parts);
}

/** What it was asked to read is no torrent file. */
export function tooLarge(where: string): SwarmError {
  return new SwarmError('TOO_LARGE', `${where} has more than ${MOST_TORRENT_BYTES} bytes: it is no torrent file.`);
}
