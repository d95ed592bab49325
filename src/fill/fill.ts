import { leaveOnAbort } from '../base/leave-on-abort.ts';
import type { Grant } from '../contracts/access.ts';
import type { BlobStore } from '../contracts/blob-store.ts';
import type { ByteReader } from '../contracts/byte-reader.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Counters } from '../contracts/counters.ts';
import type { Blob, ContentId } from '../contracts/domain.ts';
import type { HelpingSource } from '../contracts/fill-helper.ts';
import type { FileHasher, HashPool } from '../contracts/hasher.ts';
import type { Part } from '../contracts/part.ts';
import type { RangeSource } from '../contracts/range-source.ts';
import { isSwarmError, SwarmError } from '../errors.ts';
import type { ConnectionBudget } from '../transfer/connection-budget.ts';
import type { Throttle } from '../transfer/lane.ts';
import { Transfer } from '../transfer/transfer.ts';
import type { TorrentHashing } from './files.ts';
import { Frontier } from './frontier.ts';
import { PieceFrontier } from './piece-frontier.ts';
import type { Room } from './room.ts';

/** Background filling stays this close to what is hashed, so that hashing reads from the page cache. */
const MOST_AHEAD_OF_HASH = 256 * 1024 * 1024;
/** Callers' rights that one fill reads with, at most. */
const MOST_SOURCES = 8;
/** The Hub's listing is asked for this often before a finished file is put aside unproved. */
const PROOF_TRIES = 4;
const PROOF_PAUSE_MS = 1000;

export interface FillOptions {
  /** The content key. */
  readonly key: string;
  readonly content: ContentId;
  /** The grant that started the fill: its proof ties the entry to its git object. */
  readonly grant: Grant;
  readonly name: string;
  readonly part: Part;
  readonly partPath: string;
  readonly room: Room;
  readonly hasher: FileHasher;
  readonly hashing: HashPool;
  readonly torrents: TorrentHashing | undefined;
  readonly counters: Counters | undefined;
  readonly blobs: BlobStore;
  readonly budget: ConnectionBudget;
  readonly mostConnections: number;
  readonly throttle: Throttle | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  /** Called once: with undefined when the blob is in the store, else with what went wrong. */
  readonly onEnd: (fill: Fill, failure: unknown) => void;
}

/**
 * One file on its way into the store, shared by all who read it. It ends verified (the blob is in the store) or failed (readers
 * get the reason; what has landed stays for the next try, unless it did not match).
 */
export class Fill {
  readonly key: string;
  readonly name: string;
  readonly grant: Grant;
  readonly size: number;
  readonly transfer: Transfer;
  readonly startedAt: number;
  /** Bytes that earlier runs had left. */
  readonly resumedBytes: number;
  readonly #options: FillOptions;
  readonly #frontier: Frontier;
  readonly #pieces: PieceFrontier | undefined;
  readonly #end = Promise.withResolvers<void>();
  #whole = false;
  #verified = false;
  #ending = false;
  /** Ends the wait for the Hub's listing. */
  readonly #stop = new AbortController();
  #verifying: Promise<void> = Promise.resolve();
  #lease: ByteReader | undefined;
  /** The part is stored as a blob, or did not match: nothing of it is to be kept. */
  #discard = false;
  readonly #sourceIds = new Set<string>();
  /** Others than the Hub, and what came from each. */
  readonly #helpers = new Map<RangeSource, { readonly helper: HelpingSource; bytes: number }>();
  #hubBytes = 0;

  constructor(options: FillOptions) {
    const { part, hasher, clock } = options;
    this.#options = options;
    this.key = options.key;
    this.name = options.name;
    this.grant = options.grant;
    this.size = part.size;
    this.startedAt = clock.now();
    this.transfer = new Transfer({
      part,
      name: options.name,
      clock,
      random: options.random,
      budget: options.budget,
      mostConnections: options.mostConnections,
      throttle: options.throttle,
      backgroundEnd: () => (this.#whole ? this.#hashedEnd + MOST_AHEAD_OF_HASH : 0),
      ensureRoom: (bytes) => options.room.claim(bytes),
      onProgress: (bytes, source) => this.#progressed(bytes, source),
      onFailure: (reason) => this.fail(reason),
    });
    this.resumedBytes = [...part.trusted, ...part.doubted].reduce((sum, span) => sum + span.end - span.start, 0);
    const progress = {
      size: this.size,
      heldEnd: (position: number) => this.transfer.held.endOfRun(position),
      onAdvance: () => this.#hashed(),
      onFailure: (error: unknown) => this.fail(error),
    };
    this.#frontier = new Frontier({ hasher, ...progress });
    const pieceLengths = options.torrents?.pieceLengths(options.grant) ?? [];
    if (pieceLengths.length > 0) {
      this.#pieces = new PieceFrontier({ hashing: options.hashing, path: options.partPath, pieceLengths, ...progress });
    }
    this.#end.promise.catch(() => {});
    this.#hashMore();
  }

  /** Is the whole file being fetched, and not only what readers ask for? */
  get whole(): boolean {
    return this.#whole;
  }

  /** Every byte has matched, and the blob is in the store. */
  get verified(): boolean {
    return this.#verified;
  }

  /** Why the fill failed, once it has. */
  get failure(): unknown {
    return this.transfer.failure;
  }

  /** The store directory that the part lies in. */
  get directory(): string {
    return this.#options.room.directory;
  }

  /** Did closing leave a part that a later fill can go on with? */
  get hasLeftovers(): boolean {
    return !this.#discard && this.transfer.held.bytes > 0;
  }

  /** Can the fill read with the rights that `id` stands for (a token, or '' for everybody)? */
  hasSource(id: string): boolean {
    return this.#sourceIds.has(id) || this.#sourceIds.size >= MOST_SOURCES;
  }

  addSource(id: string, source: RangeSource): void {
    this.#sourceIds.add(id);
    this.transfer.addSource(source);
  }

  /** Reads from somebody else, too. The Hub must be a source already. */
  addHelper(helper: HelpingSource): void {
    this.#helpers.set(helper.source, { helper, bytes: 0 });
    const begin = (): void => this.transfer.addHelper(helper.source, helper.mode);
    if (helper.ready) helper.ready.then(begin, () => {});
    else begin();
  }

  /** Did it begin with reading from somebody instead of from the Hub? */
  get isDependent(): boolean {
    return [...this.#helpers.values()].some(({ helper }) => helper.mode === 'instead');
  }

  /** Those that bytes have come from, besides the Hub. */
  get helped(): readonly { readonly helper: HelpingSource; readonly bytes: number }[] {
    return [...this.#helpers.values()].filter(({ bytes }) => bytes > 0);
  }

  /** From now on, the whole file is fetched. Throws DISK_FULL. */
  async fetchWhole(): Promise<void> {
    if (this.#whole) return;
    await this.#options.room.claimAll();
    this.#whole = true;
    this.transfer.pump();
  }

  /** The end of the run of readable bytes that begins at `position`. */
  heldEnd(position: number): number {
    return this.transfer.held.endOfRun(position);
  }

  read(buffer: Uint8Array, position: number): Promise<number> {
    return this.#options.part.read(buffer, position);
  }

  /** Waits until the file is verified, but no longer than `milliseconds`. Rejects with the fill's failure. */
  async awaitVerified(milliseconds: number, signal?: AbortSignal): Promise<void> {
    const leave = new AbortController();
    const either = signal ? AbortSignal.any([signal, leave.signal]) : leave.signal;
    const pause = this.#options.clock.sleep(milliseconds, either);
    pause.catch(() => {});
    try {
      await Promise.race([this.#end.promise, pause]);
    } finally {
      leave.abort();
    }
  }

  /** Ends the fill; readers get `reason`. */
  fail(reason: unknown): void {
    if (this.#verified || this.#ending) return;
    this.#ending = true;
    this.#finish(reason);
  }

  /** Closes the files; what has landed stays for a later fill, unless it is stored or did not match. */
  async close(): Promise<void> {
    this.fail(new SwarmError('CLOSED', `${this.name}: the fill was stopped`));
    await this.transfer.close();
    this.#options.hasher.close();
    this.#pieces?.close();
    this.#stop.abort(this.failure);
    await Promise.allSettled([...this.#helpers.values()].map(({ helper }) => helper.close()));
    // What is being stored must be through: the next fill of this content takes over the part.
    await this.#verifying;
    try {
      await this.#options.part.close({ discard: this.#discard });
    } finally {
      this.#options.room.release();
      this.#lease?.close();
    }
  }

  #progressed(bytes: number, source: RangeSource | undefined): void {
    const helped = source && this.#helpers.get(source);
    if (helped) helped.bytes += bytes;
    else this.#cameFromHub(bytes);
    this.#options.room.written(bytes);
    this.#hashMore();
  }

  #cameFromHub(bytes: number): void {
    if (bytes > 0 && this.#hubBytes === 0) this.grant.noteServed();
    this.#hubBytes += bytes;
    this.#options.counters?.add(this.grant.repo, { bytesFromHub: bytes });
  }

  get #hashedEnd(): number {
    return Math.min(this.#frontier.position, this.#pieces?.position ?? this.size);
  }

  #hashMore(): void {
    this.#frontier.poke();
    this.#pieces?.poke();
  }

  #hashed(): void {
    this.transfer.pump();
    if (!this.#frontier.complete || this.#pieces?.complete === false || this.#ending) return;
    this.#ending = true;
    this.#verifying = this.#verify().then(
      () => this.#finish(undefined),
      (error: unknown) => this.#finish(error),
    );
  }

  #finish(failure: unknown): void {
    if (failure === undefined) {
      this.#verified = true;
      this.#discard = true;
      this.#end.resolve();
    } else {
      this.#discard = isSwarmError(failure, 'INTEGRITY');
      this.transfer.fail(failure);
      this.#end.reject(failure);
    }
    this.#options.onEnd(this, failure);
  }

  async #verify(): Promise<void> {
    const { content, hasher, blobs, partPath } = this.#options;
    const digests = await hasher.finish();
    const matches = content.kind === 'lfs' ? digests.sha256 === content.sha256 : digests.gitOid === content.gitOid;
    if (!matches) {
      const expected = content.kind === 'lfs' ? `sha256 ${content.sha256}` : `git oid ${content.gitOid}`;
      const found = content.kind === 'lfs' ? digests.sha256 : digests.gitOid;
      throw new SwarmError(
        'INTEGRITY',
        `${this.name}: the bytes that came have ${found}, but the Hub names ${expected}; they are thrown away`,
      );
    }
    await this.#prove();
    await this.transfer.commit();
    const blob: Blob = { ...digests, size: this.size };
    if (this.#pieces) this.#options.torrents?.store.putHashes(blob.sha256, this.#pieces.hashes());
    await blobs.promote(partPath, blob, [content]);
    this.#lease = await blobs.open(blob.sha256);
  }

  /** The listing may be unreachable for a moment; a finished file should not be lost for that. */
  async #prove(): Promise<void> {
    const { grant, clock } = this.#options;
    const { signal } = this.#stop;
    for (let attempt = 1; ; attempt++) {
      try {
        await leaveOnAbort(grant.proof(), signal);
        return;
      } catch (error) {
        const temporary = isSwarmError(error) && /^(UPSTREAM_|RATE_)/.test(error.code);
        if (!temporary || attempt === PROOF_TRIES) throw error;
        await clock.sleep(PROOF_PAUSE_MS * attempt, signal);
      }
    }
  }
}
