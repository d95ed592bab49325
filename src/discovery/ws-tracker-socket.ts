import type { Clock } from '../contracts/clock.ts';
import { trackerName } from './tracker-error.ts';
import { parseWsTrackerMessage, type WsTrackerMessage } from './ws-tracker-messages.ts';

const FIRST_PAUSE_MS = 2000;
const LONGEST_PAUSE_MS = 5 * 60_000;
/** More is no offer and no answer. */
const LONGEST_MESSAGE = 256 * 1024;

/** Who takes part by a socket: one torrent. */
export interface WsTrackerUser {
  /** Its swarm, as a binary string. */
  readonly infoHash: string;
  /** The socket is open: whatever the tracker was told before, it has forgotten. */
  opened(): void;
  /** It was lost, or could not be opened; it will be tried again. */
  lost(reason: string): void;
  message(message: WsTrackerMessage): void;
}

/** The connection to one tracker over WebSocket, of all torrents that use it: opened by the first, closed by the last, and opened again when it is lost. */
export class WsTrackerSocket {
  readonly #url: string;
  readonly #open: (url: string) => WebSocket;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #users = new Map<string, WsTrackerUser>();
  #socket: WebSocket | undefined;
  #stop = new AbortController();
  #failures = 0;

  constructor(url: string, open: (url: string) => WebSocket, clock: Clock, random: () => number) {
    this.#url = url;
    this.#open = open;
    this.#clock = clock;
    this.#random = random;
  }

  /** `opened` is called when it is, at the earliest in the next turn. */
  add(user: WsTrackerUser): void {
    this.#users.set(user.infoHash, user);
    if (this.#socket?.readyState === WebSocket.OPEN) queueMicrotask(() => user.opened());
    else if (!this.#socket && this.#users.size === 1) this.#connect();
  }

  remove(user: WsTrackerUser): void {
    if (this.#users.get(user.infoHash) === user) this.#users.delete(user.infoHash);
    if (this.#users.size > 0) return;
    this.#stop.abort();
    this.#stop = new AbortController();
    const socket = this.#socket;
    this.#socket = undefined;
    this.#failures = 0;
    // What was said last goes out before it closes.
    socket?.close();
  }

  /** Says something; nothing happens while it is not open. */
  send(text: string): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(text);
  }

  #connect(): void {
    let socket: WebSocket;
    try {
      socket = this.#open(this.#url);
    } catch {
      // A page that came by https may not open it.
      this.#lost(`${trackerName(this.#url)} cannot be opened from here`);
      return;
    }
    this.#socket = socket;
    const isCurrent = (): boolean => this.#socket === socket;
    socket.onopen = () => {
      if (!isCurrent()) return;
      this.#failures = 0;
      for (const user of [...this.#users.values()]) user.opened();
    };
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (isCurrent() && typeof data === 'string' && data.length <= LONGEST_MESSAGE) this.#take(data);
    };
    socket.onclose = () => isCurrent() && this.#lost(`The tracker ${trackerName(this.#url)} cannot be reached.`);
  }

  #take(text: string): void {
    const message = parseWsTrackerMessage(text);
    if (message) this.#users.get(message.infoHash)?.message(message);
  }

  #lost(reason: string): void {
    this.#socket = undefined;
    for (const user of [...this.#users.values()]) user.lost(reason);
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures++, LONGEST_PAUSE_MS);
    // Clients of a tracker that was started again do not all come back in the same second.
    this.#clock.sleep(pause * (0.5 + this.#random()), this.#stop.signal).then(
      () => !this.#socket && this.#users.size > 0 && this.#connect(),
      () => {},
    );
  }
}
