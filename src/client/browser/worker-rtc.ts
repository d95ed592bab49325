import type { Connection, PeerAddress } from '../../contracts/connection.ts';
import type { SessionDescription, SignalledTransport } from '../../contracts/signalled-transport.ts';
import { SwarmError } from '../../errors.ts';
import { ChannelConnection, type DataChannel } from '../../transport/channel-connection.ts';
import { RelayedChannel } from './channel-proxy.ts';
import type { ChannelApi } from './engine-api.ts';

/** Calls to the window that the engine belongs to. */
export interface WindowCalls {
  offer(id: number, signal: AbortSignal): Promise<SessionDescription>;
  answer(id: number, offer: SessionDescription, signal: AbortSignal): Promise<SessionDescription>;
  accept(id: number, answer: SessionDescription, signal: AbortSignal): Promise<void>;
  end(id: number): void;
}

/** The worker's side of WebRTC: descriptions come from the window, and so do channels, which are used here. */
export function createWorkerRtc(window: WindowCalls): SignalledTransport & ChannelApi {
  const openings = new Map<number, Opening>();
  let lastId = 0;

  function begin(signal: AbortSignal): Opening {
    const id = ++lastId;
    const opening = new Opening(id, () => {
      openings.delete(id);
      window.end(id);
    });
    openings.set(id, opening);
    opening.obey(signal);
    return opening;
  }

  return {
    async offer(signal) {
      const opening = begin(signal);
      const description = await opening.orEnd(window.offer(opening.id, signal));
      return {
        description,
        async complete(answer, name, until) {
          opening.meets({ host: name, port: 0 }, false);
          opening.obey(until);
          await opening.orEnd(window.accept(opening.id, answer, until));
          return opening.connection;
        },
        drop: () => opening.drop(),
      };
    },
    async answer(offer, name, signal) {
      const opening = begin(signal);
      opening.meets({ host: name, port: 0 }, true);
      return {
        description: await opening.orEnd(window.answer(opening.id, offer, signal)),
        connection: opening.connection,
      };
    },
    channel: ({ id, channel }) =>
      openings.get(id)?.take(channel instanceof MessagePort ? new RelayedChannel(channel) : channel),
    ended: ({ id, reason }) => openings.get(id)?.end(reason),
  };
}

/** A connection from its offer to its end. */
class Opening {
  readonly id: number;
  readonly connection: Promise<Connection>;
  readonly #opened = Promise.withResolvers<Connection>();
  readonly #onEnd: () => void;
  #remote: PeerAddress | undefined;
  #incoming = false;
  #open: ChannelConnection | undefined;
  #isOver = false;

  constructor(id: number, onEnd: () => void) {
    this.id = id;
    this.#onEnd = onEnd;
    this.connection = this.#opened.promise;
    this.connection.catch(() => {});
  }

  meets(remote: PeerAddress, incoming: boolean): void {
    this.#remote = remote;
    this.#incoming = incoming;
  }

  drop(): void {
    if (!this.#remote) this.end('nobody has answered');
  }

  /** Until it is open; from then on it is its owner's to close. */
  obey(signal: AbortSignal): void {
    const abort = (): void => {
      if (!this.#open) this.end('nobody waits for it any more');
    };
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  }

  async orEnd<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      this.end(error instanceof Error ? error.message : 'it failed');
      throw error;
    }
  }

  take(channel: DataChannel): void {
    const open = (): void => {
      channel.onopen = null;
      if (!this.#remote || this.#isOver) return;
      this.#open = new ChannelConnection(channel, this.#remote, this.#incoming, () => this.end('it is over'));
      this.#opened.resolve(this.#open);
    };
    if (channel.readyState === 'open') open();
    else channel.onopen = open;
  }

  end(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#opened.reject(new SwarmError('CONNECT_FAILED', `A WebRTC connection came to nothing: ${reason}.`));
    this.#open?.close(reason);
    this.#onEnd();
  }
}
