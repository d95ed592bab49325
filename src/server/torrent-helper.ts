import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Client } from '../client/client.ts';
import type { ClientTorrent } from '../client/client-torrent.ts';
import type { Grant } from '../contracts/access.ts';
import type { BlobStore, Reservation } from '../contracts/blob-store.ts';
import type { FillHelper, HelpingSource } from '../contracts/fill-helper.ts';
import type { Logger } from '../contracts/logger.ts';
import { isSwarmError, SwarmError } from '../errors.ts';
import { repoName } from '../hub-format/repo-id.ts';
import { parseMagnet } from '../metainfo/magnet.ts';
import type { TorrentFileHandle } from '../swarm/torrent-file.ts';

/** A swarm in which nothing moves for this long is no help; the Hub brings the rest. */
const SILENCE_MS = 5000;
/** How often it is looked whether a peer has come. */
const LOOK_MS = 200;
/** Smaller files come from the Hub before a peer has been found. */
const SMALLEST = 8 * 1024 * 1024;

export interface TorrentHelperOptions {
  /** Magnet links, paths or URLs of torrent files, info-hashes. */
  readonly torrents: readonly string[];
  readonly openClient: () => Promise<Client>;
  /** The store directory in which what peers bring lies meanwhile. */
  readonly directory: string;
  readonly blobs: BlobStore;
  readonly logger: Logger;
}

/** A torrent whose files are known. */
interface Known {
  readonly torrent: ClientTorrent;
  readonly folder: string;
  /** Of a magnet link, which may say what its metadata does not. */
  readonly webSeeds: readonly string[];
  users: number;
  /** Starting, stopping and emptying its folder, one after the other. */
  turn: Promise<unknown>;
  /** It had other bytes than the Hub. */
  isWrong: boolean;
}

const folderIn = (directory: string): string => join(directory, 'swarm');

/** Removes what a server that was killed has left of the bytes of peers: nothing of it is needed again. */
export async function removeLeftovers(directory: string): Promise<void> {
  await rm(folderIn(directory), { recursive: true, force: true });
}

/**
 * Lets fills take bytes from the peers of torrents that the operator named. What peers bring lies beside the fill while that runs, is passed on to other peers as long, and
 * is deleted then: the server's own torrent of the file takes over.
 */
export class TorrentHelper implements FillHelper {
  readonly #options: TorrentHelperOptions;
  readonly #known: Known[] = [];
  readonly #folder: string;
  readonly #opening: Promise<Client>;

  constructor(options: TorrentHelperOptions) {
    this.#options = options;
    this.#folder = folderIn(options.directory);
    this.#opening = this.#open();
    this.#opening.catch((error: unknown) => options.logger.error({ error: String(error) }, 'torrents: no client'));
  }

  async find(grant: Grant): Promise<HelpingSource | undefined> {
    if (grant.entry.size < SMALLEST || grant.entry.sha256 === undefined) return undefined;
    for (const known of this.#known) {
      const file = known.isWrong ? undefined : fileOf(known, grant);
      if (file) return await this.#use(known, file, grant).catch(() => undefined);
    }
    return undefined;
  }

  async close(): Promise<void> {
    const client = await this.#opening.catch(() => undefined);
    await client?.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #open(): Promise<Client> {
    const client = await this.#options.openClient();
    for (const input of this.#options.torrents) void this.#learn(client, input);
    return client;
  }

  /** Finds out what a torrent consists of: of a magnet link, its peers are asked. */
  async #learn(client: Client, input: string): Promise<void> {
    const { logger } = this.#options;
    const name = input.slice(0, 100);
    const folder = join(this.#folder, crypto.randomUUID());
    try {
      const torrent = await client.add(input, { to: folder, priority: () => 0, onlyPeers: true });
      await torrent.ready();
      await torrent.stop();
      const { webSeeds } = /^magnet:/i.test(input) ? parseMagnet(input) : { webSeeds: [] };
      this.#known.push({ torrent, folder, webSeeds, users: 0, turn: Promise.resolve(), isWrong: false });
      logger.info({ torrent: torrent.name, files: torrent.files.length }, 'torrents: known');
    } catch (error) {
      if (!isSwarmError(error, 'CLOSED')) logger.warn({ torrent: name, error: String(error) }, 'torrents: not usable');
    }
  }

  async #use(known: Known, file: TorrentFileHandle, grant: Grant): Promise<HelpingSource> {
    // The bytes lie there twice until the fill has ended. No model goes for that.
    const { blobs, directory } = this.#options;
    const reservation = await blobs.reserve(file.size, { directory, spares: true });
    if (known.users++ === 0) known.turn = known.turn.then(() => known.torrent.start());
    const over = new AbortController();
    const ready = known.turn.then(() => hasPeers(known.torrent, over.signal));
    // A fill that does not come about never asks.
    ready.catch(() => {});
    return {
      ready,
      source: {
        name: `torrent:${known.torrent.name}`,
        size: file.size,
        read: (start, end, { signal }) => readFrom(file, start, end, signal),
      },
      mode: 'beside',
      distrust: () => {
        known.isWrong = true;
        this.#options.logger.warn(
          { torrent: known.torrent.name, repo: repoName(grant.repo), path: grant.entry.path },
          'torrents: it has other bytes than the Hub; not used any more',
        );
      },
      close: () => {
        over.abort();
        return this.#leave(known, reservation);
      },
    };
  }

  /** Nobody uses it, unless somebody has come meanwhile. */
  async #rest(known: Known): Promise<void> {
    if (known.users > 0) return;
    try {
      await known.torrent.stop();
      await rm(known.folder, { recursive: true, force: true });
    } catch (error) {
      this.#options.logger.warn({ torrent: known.torrent.name, error: String(error) }, 'torrents: not put away');
    }
  }

  async #leave(known: Known, reservation: Reservation): Promise<void> {
    if (--known.users === 0) known.turn = known.turn.then(() => this.#rest(known));
    await known.turn;
    reservation.release();
  }
}

/**
 * The file of a torrent that an entry is. A name and a size say little: the next commit of a model has the same. So the torrent must name the hash, or the commit (in
 * what we write into torrents, or in its web seeds).
 */
function fileOf({ torrent, webSeeds }: Known, { repo, commit, entry }: Grant): TorrentFileHandle | undefined {
  const { metainfo, files } = torrent;
  if (!metainfo) return undefined;
  const { provenance, isSingleFile } = metainfo;
  const isSameBytes = isSingleFile && provenance?.sha256 === entry.sha256;
  const isOfCommit =
    (provenance?.repo === repoName(repo) && provenance.commit === commit) ||
    [...webSeeds, ...metainfo.webSeeds].some((url) => url.includes(`/${repo.id}/`) && url.includes(commit));
  if (!isSameBytes && !isOfCommit) return undefined;
  const path = isSingleFile ? entry.path.slice(entry.path.lastIndexOf('/') + 1) : entry.path;
  return files.find((file) => file.size === entry.size && (isSameBytes || file.path === path));
}

/** Resolves when there is a peer. */
async function hasPeers(torrent: ClientTorrent, signal: AbortSignal): Promise<void> {
  await torrent.ready(signal);
  while (torrent.status().peers === 0) await setTimeout(LOOK_MS, undefined, { signal });
}

async function* readFrom(
  file: TorrentFileHandle,
  start: number,
  end: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  // What is pending must end before the stream can be left.
  const leave = new AbortController();
  const reader = file.stream({ start, end, signal: AbortSignal.any([signal, leave.signal]) }).getReader();
  try {
    for (;;) {
      const silent = globalThis.setTimeout(() => leave.abort(silence(file.path)), SILENCE_MS);
      const { done, value } = await reader.read().finally(() => clearTimeout(silent));
      if (done) return;
      yield value;
    }
  } finally {
    leave.abort(new SwarmError('CLOSED', 'The reader left.'));
    await reader.cancel().catch(() => {});
  }
}

function silence(what: string): SwarmError {
  return new SwarmError('UPSTREAM_TIMEOUT', `The peers of ${what} sent nothing for ${SILENCE_MS / 1000} s.`);
}
