import type { Connection } from '../contracts/connection.ts';
import type {
  AnsweredConnection,
  OfferedConnection,
  SessionDescription,
  SignalledTransport,
} from '../contracts/signalled-transport.ts';
import { SwarmError } from '../errors.ts';
import { ChannelConnection, type DataChannel } from './channel-connection.ts';

/** Our half of a connection of WebRTC, in this thread (`WebRtcHalf`) or in the window that the worker belongs to. */
export interface Half {
  /** Begins; or answers somebody, or takes the answer to our offer. Rejects with CONNECT_FAILED. */
  offer(): Promise<SessionDescription>;
  answer(offer: SessionDescription): Promise<SessionDescription>;
  accept(answer: SessionDescription): Promise<void>;
  /** Ends it. Idempotent. */
  close(reason: string): void;
}

/** What a half tells. */
export interface HalfEvents {
  /** Its channel is there, once; it may not be open yet. */
  readonly onChannel: (channel: DataChannel) => void;
  /** Once: it was closed, or has failed. */
  readonly onEnd: (reason: string) => void;
}

/** Connections to browsers. `openHalf` throws CONNECT_FAILED when the platform makes no more connections. */
export function createWebRtcTransport(openHalf: (events: HalfEvents) => Half): SignalledTransport {
  return {
    async offer(signal): Promise<OfferedConnection> {
      const opening = new Opening(openHalf, signal);
      return {
        description: await opening.half.offer(),
        complete: async (answer, name, until) => {
          opening.meets(name, false, until);
          await opening.half.accept(answer);
          return opening.connection;
        },
        drop: () => opening.drop(),
      };
    },
    async answer(offer, name, signal): Promise<AnsweredConnection> {
      const opening = new Opening(openHalf, signal);
      opening.meets(name, true, signal);
      return { description: await opening.half.answer(offer), connection: opening.connection };
    },
  };
}

/** A connection until its channel is open. */
class Opening {
  readonly half: Half;
  readonly connection: Promise<Connection>;
  readonly #opened = Promise.withResolvers<Connection>();
  #remote: { readonly host: string; readonly port: number } | undefined;
  #incoming = false;
  #open: ChannelConnection | undefined;

  constructor(openHalf: (events: HalfEvents) => Half, signal: AbortSignal) {
    signal.throwIfAborted();
    this.connection = this.#opened.promise;
    this.connection.catch(() => {});
    this.half = openHalf({
      onChannel: (channel) => this.#take(channel),
      onEnd: (reason) => {
        this.#opened.reject(new SwarmError('CONNECT_FAILED', `A WebRTC connection came to nothing: ${reason}.`));
        this.#open?.close('the connection was lost');
      },
    });
    this.#obey(signal);
  }

  /** Now it is known who is at the other end. */
  meets(name: string, incoming: boolean, signal: AbortSignal): void {
    this.#remote = { host: name, port: 0 };
    this.#incoming = incoming;
    this.#obey(signal);
  }

  drop(): void {
    if (!this.#remote) this.half.close('nobody has answered');
  }

  /** Until it is open; from then on it is its owner's to close. */
  #obey(signal: AbortSignal): void {
    const abort = (): void => {
      this.#opened.reject(signal.reason);
      if (!this.#open) this.half.close('nobody waits for it any more');
    };
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  }

  #take(channel: DataChannel): void {
    const open = (): void => {
      // Chromium tells it again of a channel that was open when it came.
      channel.onopen = null;
      if (!this.#remote) return;
      this.#open = new ChannelConnection(channel, this.#remote, this.#incoming, () => this.half.close('it is over'));
      this.#opened.resolve(this.#open);
    };
    if (channel.readyState === 'open') open();
    else channel.onopen = open;
  }
}
