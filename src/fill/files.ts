import type { Grant } from '../contracts/access.ts';
import type { BlobStore } from '../contracts/blob-store.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Counters } from '../contracts/counters.ts';
import type { ContentId } from '../contracts/domain.ts';
import type { Files, OpenFile, ReadIntent } from '../contracts/files.ts';
import type { FillHelper, Whereabouts } from '../contracts/fill-helper.ts';
import type { HashPool } from '../contracts/hasher.ts';
import type { HubClient } from '../contracts/hub.ts';
import type { Logger } from '../contracts/logger.ts';
import type { PieceHashStore } from '../contracts/piece-hashes.ts';
import { isSwarmError, SwarmError } from '../errors.ts';
import { hashBytes } from '../hashing/hash-bytes.ts';
import type { Throttle } from '../transfer/lane.ts';
import { contentKey, contentOf, grantName } from './content.ts';
import type { Fill } from './fill.ts';
import { FillReader } from './fill-reader.ts';
import { createFillStarter, type FillStarter } from './fill-starter.ts';
import { FillTable } from './fill-table.ts';
import { PartShelf } from './part-shelf.ts';
import { SmallFiles } from './small-files.ts';
import { LARGEST_SMALL_FILE, memoryReader } from './small-fill.ts';
import { Suspects } from './suspects.ts';

export interface FilesOptions {
  readonly blobs: BlobStore;
  readonly hub: HubClient;
  readonly hashing: HashPool;
  /** The store directories; part files lie in `<directory>/fills`. */
  readonly directories: readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** Give no byte of a range out before the whole file has matched. */
  readonly strict?: boolean;
  /** Serve what is held, ask the Hub for nothing. */
  readonly offline?: boolean;
  /** Upstream connections of one file at most (default 8) and of all files together (default 64). */
  readonly connectionsPerFile?: number;
  readonly connections?: number;
  /** Files that may be fetched at the same time (default 256). */
  readonly mostFills?: number;
  /** Whole-file fills that go on after their last reader has left (default 16). */
  readonly mostAbandoned?: number;
  /** Limits the bytes per second from upstream. */
  readonly throttle?: Throttle;
  /** Charges new upstream bytes to a client; throws RATE_LIMITED when it has had its share. */
  readonly admit?: (client: string, bytes: number) => void;
  /** Uniform in [0, 1), for jitter. */
  readonly random?: () => number;
  /** Bytes that come from the Hub are counted here, for the repo that they were first asked for in. */
  readonly counters?: Counters | undefined;
  /** Who may have a file besides the Hub; they are asked when a fill starts. Default: nobody. */
  readonly helpers?: readonly FillHelper[];
  /** Files that torrents may be made of are hashed for them on their way. Default: none are. */
  readonly torrents?: TorrentHashing | undefined;
}

/** What the fills do for torrents. */
export interface TorrentHashing {
  /** The piece lengths at which torrents will want this file (powers of two from 1 MiB on); none when no torrent may be made of it. */
  readonly pieceLengths: (grant: Grant) => readonly number[];
  readonly store: PieceHashStore;
  /** A file that was filled is held, verified and hashed. */
  readonly onHeld?: (grant: Grant) => void;
}

/** Opens the file engine over a blob store: takes up what earlier runs left. Errors: INTERNAL (I/O). */
export async function openFiles(options: FilesOptions): Promise<Files & { close(): Promise<void> }> {
  const [firstDirectory] = options.directories;
  if (firstDirectory === undefined) throw new SwarmError('CONFIG', 'At least one data directory is needed');
  const shelf = new PartShelf(options.clock);
  await shelf.scan(options.directories);
  const suspects = await Suspects.open(`${firstDirectory}/suspects.json`, options.clock);
  return new FileEngine(options, shelf, suspects);
}

class FileEngine implements Files {
  readonly #options: FilesOptions;
  readonly #suspects: Suspects;
  readonly #small: SmallFiles;
  readonly #starter: FillStarter;
  readonly #fills: FillTable;

  constructor(options: FilesOptions, shelf: PartShelf, suspects: Suspects) {
    const { clock, mostFills = 256, mostAbandoned = 16 } = options;
    this.#options = options;
    this.#suspects = suspects;
    this.#small = new SmallFiles({ ...options, suspects });
    this.#starter = createFillStarter({ ...options, shelf, onEnd: (fill, failure) => this.#ended(fill, failure) });
    this.#fills = new FillTable({
      clock,
      mostFills,
      mostAbandoned,
      close: (_key, fill) => this.#starter.close(fill),
    });
  }

  async open(grant: Grant, intent: ReadIntent, signal?: AbortSignal): Promise<OpenFile> {
    const content = contentOf(grant);
    if (content.size === 0) return openEmpty(grant, content);
    const held = await this.#openHeld(grant, content, signal);
    if (held) return held;
    const key = contentKey(content);
    if (this.#options.offline)
      throw new SwarmError('OFFLINE', `${grantName(grant)} is not held here, and the server is offline`);
    this.#suspects.check(key, grantName(grant));
    if (content.size <= LARGEST_SMALL_FILE) {
      const { file, joined } = await this.#small.get(grant, content, signal);
      return { reader: memoryReader(file.bytes), verified: 'blob', cache: joined ? 'joined' : 'miss' };
    }
    return this.#openFill(grant, content, key, intent, signal);
  }

  isSuspect(grant: Grant): boolean {
    return this.#suspects.has(contentKey(contentOf(grant)));
  }

  isHeld(grant: Grant): boolean {
    return grant.entry.size === 0 || this.#options.blobs.find(contentOf(grant)) !== undefined;
  }

  heldBytes(grant: Grant): number {
    if (this.isHeld(grant)) return grant.entry.size;
    return this.#fills.find(contentKey(contentOf(grant)))?.transfer.held.bytes ?? 0;
  }

  whereabouts(content: ContentId): Whereabouts {
    if (this.#options.blobs.find(content)) return 'held';
    const key = contentKey(content);
    if (this.#fills.isOpening(key)) return 'asking';
    const fill = this.#fills.find(key);
    const isShared = fill?.grant.access === 'public' && fill.failure === undefined && !fill.isDependent;
    return isShared ? 'filling' : 'absent';
  }

  async fetch(grant: Grant, signal?: AbortSignal): Promise<void> {
    const { size } = grant.entry;
    if (this.isHeld(grant)) return size === 0 ? undefined : grant.verifyServable(signal);
    const { reader } = await this.open(grant, { extent: 'whole', start: 0, end: size }, signal);
    try {
      if (size <= LARGEST_SMALL_FILE) await this.#small.stored(grant, contentOf(grant), signal);
      // The last byte of a file is given out when the file is stored.
      else await reader.read(new Uint8Array(1), size - 1, signal);
    } finally {
      reader.close();
    }
  }

  /** Stops all fills; what has landed stays for the next start. */
  async close(): Promise<void> {
    await this.#fills.close();
    await this.#small.close();
    await this.#suspects.close();
  }

  async #openHeld(grant: Grant, content: ContentId, signal: AbortSignal | undefined): Promise<OpenFile | undefined> {
    const blob = this.#options.blobs.find(content);
    if (!blob) return undefined;
    await grant.verifyServable(signal);
    const reader = await this.#options.blobs.open(blob.sha256);
    return reader && { reader, verified: 'blob', cache: 'hit' };
  }

  async #openFill(
    grant: Grant,
    content: ContentId,
    key: string,
    intent: ReadIntent,
    signal: AbortSignal | undefined,
  ): Promise<OpenFile> {
    const { strict = false } = this.#options;
    const whole = intent.extent === 'whole' || strict;
    const { fill, joined } = await this.#fills.acquire(key, () =>
      this.#starter.start(grant, content, key, whole ? undefined : intent),
    );
    const release = () => this.#fills.release(key, fill);
    try {
      if (await this.#share(fill, grant, joined, signal)) {
        if (joined) {
          this.#charge(fill, grant, intent, whole);
          this.#starter.addSource(fill, grant);
        }
        if (whole) await fill.fetchWhole();
        const reader = new FillReader({ fill, intent, strict, onClose: release });
        return { reader, verified: fill.verified ? 'blob' : 'provisional', cache: joined ? 'joined' : 'miss' };
      }
    } catch (error) {
      release();
      throw error;
    }
    release();
    return this.#openFill(grant, content, key, intent, signal);
  }

  /** A reader who makes a running fill fetch more than it would have pays for that. */
  #charge(fill: Fill, grant: Grant, intent: ReadIntent, whole: boolean): void {
    if (fill.whole || fill.verified) return;
    const missing = whole ? fill.transfer.missing(0, fill.size) : fill.transfer.missing(intent.start, intent.end);
    if (missing > 0) this.#options.admit?.(grant.client, missing);
  }

  /**
   * May this grant read what the fill has, and the fill with this grant's rights? Nobody reads bytes that the Hub gives only to
   * others: neither what earlier runs left, nor what a later grant brings in. False: the fill was started for a pointer that
   * the Hub serves nothing for, and is ended. Throws what `verifyServable` throws for this grant.
   */
  async #share(fill: Fill, grant: Grant, joined: boolean, signal: AbortSignal | undefined): Promise<boolean> {
    const comesFromElsewhere = joined && !sameOrigin(fill.grant, grant);
    if (comesFromElsewhere || fill.resumedBytes > 0) await grant.verifyServable(signal);
    if (!comesFromElsewhere) return true;
    try {
      await fill.grant.verifyServable(signal);
      return true;
    } catch (cause) {
      signal?.throwIfAborted();
      fill.fail(
        new SwarmError('UPSTREAM_UNAVAILABLE', `${fill.name}: the Hub lists this file and sends no byte of it`, {
          cause,
        }),
      );
      return false;
    }
  }

  #doubt(fill: Fill): void {
    this.#suspects.add(fill.key, fill.helped.length === 0);
    for (const { helper } of fill.helped) helper.distrust();
  }

  #ended(fill: Fill, failure: unknown): void {
    if (isSwarmError(failure, 'INTEGRITY')) this.#doubt(fill);
    logEnd(this.#options.logger, fill, failure, this.#options.clock.now());
    this.#fills.ended(fill.key, fill, failure !== undefined);
    if (failure === undefined) this.#options.torrents?.onHeld?.(fill.grant);
  }
}

/** Bytes that come for one grant serve another of the same public repo: the Hub is giving them to everybody there. */
function sameOrigin(one: Grant, other: Grant): boolean {
  const samePlace =
    one.repo.type === other.repo.type && one.repo.id === other.repo.id && one.entry.path === other.entry.path;
  return samePlace && one.access === 'public' && other.access === 'public';
}

function openEmpty(grant: Grant, content: ContentId): OpenFile {
  const empty = new Uint8Array(0);
  const { sha256, gitOid } = hashBytes(empty);
  if (content.kind === 'lfs' ? content.sha256 !== sha256 : content.gitOid !== gitOid) {
    throw new SwarmError(
      'INTEGRITY',
      `${grantName(grant)}: the Hub says that it is empty, but names the hash of other bytes`,
    );
  }
  return { reader: memoryReader(empty), verified: 'blob', cache: 'hit' };
}

function logEnd(logger: Logger, fill: Fill, failure: unknown, now: number): void {
  const { fetchedBytes, requests, hedgedBytes } = fill.transfer.counters;
  const seconds = (now - fill.startedAt) / 1000;
  const fields = {
    file: fill.name,
    size: fill.size,
    seconds,
    fetchedBytes,
    helped: Object.fromEntries(fill.helped.map(({ helper, bytes }) => [helper.source.name, bytes])),
    resumedBytes: fill.resumedBytes,
    requests,
    hedgedBytes,
  };
  if (failure === undefined) logger.info(fields, 'fill: verified and stored');
  else if (isSwarmError(failure, 'CLOSED')) logger.info(fields, 'fill: put aside');
  else logger.warn({ ...fields, error: failure instanceof Error ? failure.message : String(failure) }, 'fill: failed');
}
