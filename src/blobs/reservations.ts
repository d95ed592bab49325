import type { Reservation } from '../contracts/blob-store.ts';
import { SwarmError } from '../errors.ts';
import { formatByteCount } from './byte-count.ts';
import { evictBlob } from './eviction.ts';
import { type Candidate, planRoom } from './room-plan.ts';
import { type DiskRoom, measureParts, ReservationBook } from './space.ts';
import type { StoreParts } from './store-parts.ts';
import { Turns } from './turns.ts';

/** A plan may fall through when a victim is taken into use, or when its bytes are not freed; then it is made anew. */
const MOST_PLANS = 4;

export interface RoomLimits {
  /** Bytes of blobs, parts and reservations together. */
  readonly maxCacheSize: number | undefined;
  /** Bytes that stay free on every disk. */
  readonly minFreeSpace: number;
}

interface Survey {
  /** Bytes reserved and not written yet, by device. Taken first: what lands meanwhile counts twice, and not never. */
  readonly unwritten: ReadonlyMap<number, number>;
  readonly rooms: ReadonlyMap<string, DiskRoom>;
  /** Bytes of unfinished files; counted only when `maxCacheSize` asks for it. */
  readonly parts: number;
  /** Bytes of blobs. */
  readonly held: number;
}

/** Hands out room on the disks, and evicts for it. One reservation is made at a time. */
export class Reservations {
  readonly #store: StoreParts;
  readonly #limits: RoomLimits;
  readonly #measure: (directory: string) => Promise<DiskRoom>;
  readonly #book = new ReservationBook();
  readonly #turns = new Turns();

  constructor(store: StoreParts, limits: RoomLimits, measure: (directory: string) => Promise<DiskRoom>) {
    this.#store = store;
    this.#limits = limits;
    this.#measure = measure;
  }

  /** Bytes reserved and not written yet. */
  get unwritten(): number {
    return this.#book.total;
  }

  /** See `BlobStore.reserve`. Errors: DISK_FULL, INTERNAL (`directory` is not one of ours; I/O). */
  reserve(bytes: number, directory: string | undefined, spares = false): Promise<Reservation> {
    const { directories } = this.#store;
    if (directory !== undefined && !directories.includes(directory)) {
      throw new SwarmError('INTERNAL', `${directory} is not a store directory (${directories.join(', ')})`);
    }
    return this.#turns.run('reserve', () =>
      this.#make(bytes, directory === undefined ? directories : [directory], spares),
    );
  }

  async #make(bytes: number, directories: readonly string[], spares: boolean): Promise<Reservation> {
    for (let attempt = 1; ; attempt++) {
      const survey = await this.#store.gate.count(() => this.#survey());
      const candidates = directories.flatMap((directory) => this.#candidate(directory, bytes, survey));
      const plan = planRoom({
        candidates,
        cacheExcess: this.#cacheExcess(bytes, survey),
        deviceOf: (directory) => survey.rooms.get(directory)?.device,
        leastRecentlyUsed: (limit) => this.#evictable(limit),
      });
      if (plan?.victims.length === 0) {
        return this.#book.open(plan.candidate.directory, plan.candidate.device, bytes);
      }
      if (!plan || spares || attempt === MOST_PLANS) throw this.#full(bytes, candidates, survey);
      for (const victim of plan.victims) await evictBlob(this.#store, victim);
    }
  }

  async #survey(): Promise<Survey> {
    const { directories, index } = this.#store;
    const countParts = this.#limits.maxCacheSize !== undefined;
    const unwritten = this.#book.byDevice();
    const [rooms, parts] = await Promise.all([
      Promise.all(directories.map(async (directory) => [directory, await this.#measure(directory)] as const)),
      countParts ? Promise.all(directories.map(measureParts)) : [],
    ]);
    return { unwritten, rooms: new Map(rooms), parts: sum(parts), held: index.totals().bytes };
  }

  #candidate(directory: string, bytes: number, { rooms, unwritten }: Survey): Candidate[] {
    const room = rooms.get(directory);
    if (!room) return [];
    const missing = bytes + this.#limits.minFreeSpace + (unwritten.get(room.device) ?? 0) - room.free;
    return [{ directory, device: room.device, missing }];
  }

  #cacheExcess(bytes: number, { held, parts, unwritten }: Survey): number {
    const { maxCacheSize } = this.#limits;
    if (maxCacheSize === undefined) return 0;
    return held + parts + sum(unwritten.values()) + bytes - maxCacheSize;
  }

  #evictable(limit: number): ReturnType<Parameters<typeof planRoom>[0]['leastRecentlyUsed']> {
    const rows = this.#store.index.leastRecentlyUsed(limit);
    const blobs = rows.filter(({ sha256 }) => !this.#store.leases.has(sha256));
    return { blobs, exhausted: rows.length < limit };
  }

  #full(bytes: number, candidates: readonly Candidate[], survey: Survey): SwarmError {
    const { maxCacheSize, minFreeSpace } = this.#limits;
    const causes: string[] = [];
    if (maxCacheSize !== undefined && this.#cacheExcess(bytes, survey) > 0) {
      const used = `${formatByteCount(survey.held)} of files are held`;
      const coming = `${formatByteCount(survey.parts + sum(survey.unwritten.values()))} are unfinished or reserved`;
      causes.push(`maxCacheSize is ${formatByteCount(maxCacheSize)}; ${used}, ${coming}: raise --max-cache-size`);
    }
    for (const { directory, device, missing } of candidates) {
      if (missing <= 0) continue;
      const free = `${formatByteCount(survey.rooms.get(directory)?.free ?? 0)} are free in ${directory}`;
      const promised = `${formatByteCount(survey.unwritten.get(device) ?? 0)} of it are reserved`;
      const kept = `minFreeSpace keeps ${formatByteCount(minFreeSpace)}`;
      causes.push(`${free}, ${promised}, ${kept}: free some space, or lower --min-free-space`);
    }
    const what = `No room for ${formatByteCount(bytes)}, even without the files that may be dropped now`;
    return new SwarmError('DISK_FULL', `${what}. ${causes.join('. ')}.`);
  }
}

function sum(counts: Iterable<number>): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}
