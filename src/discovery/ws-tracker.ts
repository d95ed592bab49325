import { systemClock } from '../base/system-clock.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Discovery, DiscoverySession, DiscoveryStatus, SwarmMember } from '../contracts/discovery.ts';
import type { SignalledTransport } from '../contracts/signalled-transport.ts';
import { Introductions } from './introductions.ts';
import type { AnnounceEvent } from './tracker-client.ts';
import { trackerName } from './tracker-error.ts';
import { binaryString, encodeWsAnnounce, encodeWsAnswer, type WsTrackerMessage } from './ws-tracker-messages.ts';
import { WsTrackerSocket, type WsTrackerUser } from './ws-tracker-socket.ts';

/** As WebTorrent: more offers cost more sockets than they find peers. */
const MOST_OFFERS = 5;
const MOST_TRACKERS = 5;
const SHORTEST_PAUSE_MS = 30_000;
const DEFAULT_PAUSE_MS = 120_000;
const LONGEST_PAUSE_MS = 10 * 60_000;

export interface WsTrackersOptions {
  readonly transport: SignalledTransport;
  readonly clock?: Clock;
  /** 0 up to 1. */
  readonly random?: () => number;
  readonly randomBytes: (length: number) => Uint8Array;
  /** Default: the platform's own. */
  readonly open?: (url: string) => WebSocket;
}

/** Trackers over WebSocket: one socket for each, shared by all torrents. */
export interface WsTrackers {
  /** The search by those of these trackers that speak WebSocket. */
  discovery(urls: readonly string[]): Discovery;
}

/** Finds peers as browsers do: by trackers that pass offers and answers of WebRTC between the members of a swarm. */
export function createWsTrackers(options: WsTrackersOptions): WsTrackers {
  const { clock = systemClock, random = Math.random, open = (url) => new WebSocket(url) } = options;
  const sockets = new Map<string, WsTrackerSocket>();
  const socketOf = (url: string): WsTrackerSocket => {
    const known = sockets.get(url) ?? new WsTrackerSocket(url, open, clock, random);
    sockets.set(url, known);
    return known;
  };
  return {
    discovery: (urls) => {
      const usable = [...new Set(urls)].filter(isWebSocketUrl).slice(0, MOST_TRACKERS);
      return {
        // Browsers find one another under one hash of a hybrid torrent.
        join: (member) =>
          together(
            member.isAlias
              ? []
              : usable.map((url) => new Membership(member, url, socketOf(url), { ...options, clock })),
          ),
        close: async () => {},
      };
    },
  };
}

function isWebSocketUrl(url: string): boolean {
  return /^wss?:$/.test(URL.parse(url)?.protocol ?? '');
}

function together(memberships: readonly Membership[]): DiscoverySession {
  return {
    status: () => memberships.map((membership) => membership.status()),
    completed: () => {
      for (const membership of memberships) membership.completed();
    },
    isHopeful: () => memberships.some((membership) => membership.isHopeful),
    wantMore: () => {
      for (const membership of memberships) membership.wantMore();
    },
    close: async () => {
      for (const membership of memberships) membership.close();
    },
  };
}

/** One member of a swarm at one tracker. */
class Membership implements WsTrackerUser {
  readonly infoHash: string;
  readonly #member: SwarmMember;
  readonly #url: string;
  readonly #socket: WsTrackerSocket;
  readonly #clock: Clock;
  readonly #introductions: Introductions;
  readonly #stop = new AbortController();
  /** While the socket is open. */
  #session = new AbortController();
  #pause = new AbortController();
  #pauseMs = DEFAULT_PAUSE_MS;
  #announcedAt = 0;
  #seeds: number | undefined;
  #leechers: number | undefined;
  #others = Number.POSITIVE_INFINITY;
  #met = 0;
  #error: string | undefined;

  constructor(
    member: SwarmMember,
    url: string,
    socket: WsTrackerSocket,
    { transport, clock, randomBytes }: WsTrackersOptions & { readonly clock: Clock },
  ) {
    this.infoHash = binaryString(member.infoHash);
    this.#member = member;
    this.#url = url;
    this.#socket = socket;
    this.#clock = clock;
    this.#introductions = new Introductions({
      transport,
      clock,
      randomBytes,
      peerId: binaryString(member.peerId),
      onConnection: (connection) => {
        this.#met++;
        member.introduced?.(connection);
      },
    });
    socket.add(this);
  }

  status(): DiscoveryStatus {
    const isWorking = this.#seeds !== undefined;
    return {
      name: trackerName(this.#url),
      state: this.#error === undefined ? (isWorking ? 'working' : 'waiting') : 'failed',
      peers: this.#met,
      seeds: this.#seeds,
      leechers: this.#leechers,
      error: this.#error,
    };
  }

  /** Before the tracker has answered, while it knows of others, and while one of them is being connected. */
  get isHopeful(): boolean {
    return this.#error === undefined && (this.#others > 0 || this.#introductions.isBusy);
  }

  completed(): void {
    void this.#announce('completed');
  }

  wantMore(): void {
    if (this.#clock.now() - this.#announcedAt >= SHORTEST_PAUSE_MS) this.#pause.abort();
  }

  close(): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.#introductions.close();
    this.#say('stopped', []);
    this.#socket.remove(this);
  }

  opened(): void {
    this.#error = undefined;
    this.#session = new AbortController();
    void this.#announceForever(AbortSignal.any([this.#session.signal, this.#stop.signal]));
  }

  lost(reason: string): void {
    this.#error = reason;
    this.#session.abort();
  }

  message(message: WsTrackerMessage): void {
    switch (message.kind) {
      case 'answered':
        this.#error = undefined;
        this.#seeds = message.seeds ?? this.#seeds ?? 0;
        this.#leechers = message.leechers ?? this.#leechers;
        // Trackers count us, too.
        this.#others = message.introduced ?? this.#seeds + (this.#leechers ?? 0) - 1;
        if (message.interval !== undefined)
          this.#pauseMs = Math.min(Math.max(message.interval * 1000, SHORTEST_PAUSE_MS), LONGEST_PAUSE_MS);
        return;
      case 'offer':
        void this.#offered(message.peerId, message.offerId, message.description);
        return;
      case 'answer':
        void this.#introductions.answered(message.peerId, message.offerId, message.description);
        return;
      case 'failed':
        this.#error = `The tracker ${trackerName(this.#url)}: ${message.reason}.`;
    }
  }

  async #offered(toPeerId: string, offerId: string, offer: Parameters<Introductions['take']>[1]): Promise<void> {
    // Our own, when two clients of one page share a socket.
    if (this.#room() <= 0 || toPeerId === binaryString(this.#member.peerId)) return;
    const description = await this.#introductions.take(toPeerId, offer);
    if (description)
      this.#socket.send(encodeWsAnswer(this.#member.infoHash, this.#member.peerId, { toPeerId, offerId, description }));
  }

  async #announceForever(signal: AbortSignal): Promise<void> {
    for (let event: AnnounceEvent | undefined = 'started'; !signal.aborted; event = undefined) {
      await this.#announce(event);
      this.#pause = new AbortController();
      await this.#clock.sleep(this.#pauseMs, AbortSignal.any([this.#pause.signal, signal])).catch(() => {});
    }
  }

  async #announce(event: AnnounceEvent | undefined): Promise<void> {
    this.#announcedAt = this.#clock.now();
    const wanted = event === 'completed' ? 0 : Math.max(0, Math.min(MOST_OFFERS, this.#room()));
    const offers = await this.#introductions.offer(wanted);
    if (!this.#stop.signal.aborted) this.#say(event, offers);
  }

  #say(event: AnnounceEvent | undefined, offers: Awaited<ReturnType<Introductions['offer']>>): void {
    const { infoHash, peerId } = this.#member;
    this.#socket.send(encodeWsAnnounce({ infoHash, peerId, stats: this.#member.stats(), event, offers }));
  }

  #room(): number {
    return this.#member.room?.() ?? MOST_OFFERS;
  }
}
