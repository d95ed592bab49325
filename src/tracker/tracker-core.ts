import type { PeerRole, Selection, SwarmCounts } from '../contracts/swarm-state.ts';
import type { Announcement } from './announcement.ts';
import { MOST_WANTED, type TrackerOptions, USUAL_WANTED } from './options.ts';

const NOBODY: SwarmCounts = { seeders: 0, leechers: 0, partialSeeds: 0, completed: 0 };

/** What has happened since the start. */
export interface TrackerCounters {
  announces: number;
  scrapes: number;
  refused: number;
  limited: number;
  offers: number;
  answers: number;
}

/** The tracker without its protocols: what an announce does, and what it is answered. */
export class TrackerCore {
  readonly options: TrackerOptions;
  readonly counters: TrackerCounters = { announces: 0, scrapes: 0, refused: 0, limited: 0, offers: 0, answers: 0 };
  /** Peers for the last announce. */
  readonly selection: Required<Selection> = {
    v4: new Uint8Array(MOST_WANTED * 6),
    v6: new Uint8Array(MOST_WANTED * 18),
    ids4: new Uint8Array(MOST_WANTED * 20),
    ids6: new Uint8Array(MOST_WANTED * 20),
    count4: 0,
    count6: 0,
  };
  readonly #compact: Selection = { v4: this.selection.v4, v6: this.selection.v6, count4: 0, count6: 0 };

  constructor(options: TrackerOptions) {
    this.options = options;
  }

  /** Seconds to the next announce. */
  interval(): number {
    const { intervalSeconds, random } = this.options;
    return Math.round(intervalSeconds * (0.9 + random() * 0.2));
  }

  /** Seconds before which nobody needs to come. */
  get minInterval(): number {
    return Math.ceil(this.options.intervalSeconds / 5);
  }

  /**
   * Takes an announce of a peer that others dial; its peers are in `selection` then. Returns why not.
   *
   * @param client whom limits count it for.
   */
  announce(announcement: Announcement, client: string): string | undefined {
    const { state, policy } = this.options;
    const { infoHash, address, role, event, ticket } = announcement;
    this.counters.announces++;
    this.selection.count4 = 0;
    this.selection.count6 = 0;
    if (!policy.admits(client)) return this.limited();
    const refusal = policy.refusal(infoHash, ticket);
    if (refusal !== undefined) return this.refused(refusal);
    if (event === 'stopped') {
      state.leave(infoHash, address);
      return undefined;
    }
    if (!state.has(infoHash, address) && !policy.admitsNewcomer(client)) return this.limited();
    const { peerId } = announcement;
    const isIn = state.announce({ infoHash, peerId, address, role, hasCompleted: event === 'completed' });
    if (!isIn) return this.refused('this tracker is full');
    // Over UDP, whoever has a magnet link and no metadata says that nothing is left to download (measured: webtorrent). The first answer has seeds for all.
    const asker = event === 'started' ? 'leecher' : role;
    this.#select(announcement, asker);
    if (asker === 'leecher') this.#addOwnSeed(announcement);
    return undefined;
  }

  counts(infoHash: Uint8Array): SwarmCounts {
    const { state, ownSeed } = this.options;
    const counts = state.counts(infoHash) ?? NOBODY;
    return ownSeed?.has(infoHash) ? { ...counts, seeders: counts.seeders + 1 } : counts;
  }

  /** What somebody may know who has no part in it: of a torrent that he could not use, nothing. */
  publicCounts(infoHash: Uint8Array, ticket: string | undefined): SwarmCounts {
    return this.options.policy.refusal(infoHash, ticket) === undefined ? this.counts(infoHash) : NOBODY;
  }

  /** The same of a torrent by all its hashes, 20 bytes each: whoever is in both swarms of a hybrid is one. */
  countsOf(infoHashes: readonly Uint8Array[]): SwarmCounts {
    const { state, ownSeed } = this.options;
    const [one, other] = infoHashes;
    const both = one && (other ? state.countsTogether(one, other) : state.counts(one));
    const counts = both ?? NOBODY;
    return infoHashes.some((hash) => ownSeed?.has(hash)) ? { ...counts, seeders: counts.seeders + 1 } : counts;
  }

  /** May this address ask how swarms stand? Counts it. */
  admitsScrape(client: string): boolean {
    this.counters.scrapes++;
    if (this.options.policy.admits(client)) return true;
    this.counters.limited++;
    return false;
  }

  #select(announcement: Announcement, asker: PeerRole): void {
    const { infoHash, address, isCompact } = announcement;
    const wanted = announcement.wanted < 0 ? USUAL_WANTED : Math.min(MOST_WANTED, announcement.wanted);
    if (wanted === 0) return;
    const into = isCompact ? this.#compact : this.selection;
    this.options.state.select(infoHash, address, asker, wanted, into);
    this.selection.count4 = into.count4;
    this.selection.count6 = into.count6;
  }

  /** This server has what it is asked about, and is where the peer has reached it already. It comes last, if there is room. */
  #addOwnSeed({ infoHash, reachedAt, wanted }: Announcement): void {
    const { selection } = this;
    const { ownSeed } = this.options;
    const port = ownSeed?.port() ?? 0;
    if (!reachedAt || port === 0 || wanted === 0 || !ownSeed?.has(infoHash)) return;
    const isV4 = reachedAt.length === 4;
    const [list, ids, count] = isV4
      ? [selection.v4, selection.ids4, selection.count4]
      : [selection.v6, selection.ids6, selection.count6];
    if (count >= MOST_WANTED) return;
    const at = count * (reachedAt.length + 2);
    list.set(reachedAt, at);
    list.set([port >> 8, port & 255], at + reachedAt.length);
    ids.fill(0, count * 20, count * 20 + 20);
    if (isV4) selection.count4++;
    else selection.count6++;
  }

  /** Counts it, and says why. */
  limited(): string {
    this.counters.limited++;
    return 'too many requests from your address; try again later';
  }

  /** Counts it. */
  refused(reason: string): string {
    this.counters.refused++;
    return reason;
  }
}
