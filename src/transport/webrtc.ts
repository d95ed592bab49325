import { systemClock } from '../base/system-clock.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Connection } from '../contracts/connection.ts';
import type { AnsweredConnection, OfferedConnection, SignalledTransport } from '../contracts/signalled-transport.ts';
import { SwarmError } from '../errors.ts';
import { ChannelConnection } from './channel-connection.ts';
import { WebRtcHalf } from './webrtc-half.ts';

export interface WebRtcOptions {
  /** Makes a connection of WebRTC (W3C): `() => new RTCPeerConnection({ iceServers })`. */
  readonly create: () => RTCPeerConnection;
  readonly clock?: Clock;
}

/** Connections to browsers, in the thread that has `RTCPeerConnection`. */
export function createWebRtcTransport({ create, clock = systemClock }: WebRtcOptions): SignalledTransport {
  return {
    async offer(signal): Promise<OfferedConnection> {
      const opening = new Opening(create, clock, signal);
      const description = await opening.half.offer();
      return {
        description,
        complete: async (answer, name, until) => {
          opening.meets(name, false, until);
          await opening.half.accept(answer);
          return opening.connection;
        },
        drop: () => opening.drop(),
      };
    },
    async answer(offer, name, signal): Promise<AnsweredConnection> {
      const opening = new Opening(create, clock, signal);
      opening.meets(name, true, signal);
      return { description: await opening.half.answer(offer), connection: opening.connection };
    },
  };
}

/** A connection until its channel is open. */
class Opening {
  readonly half: WebRtcHalf;
  readonly connection: Promise<Connection>;
  readonly #opened = Promise.withResolvers<Connection>();
  #isOpen = false;
  #remote = { host: '', port: 0 };
  #incoming = false;
  #onEnd: () => void = () => {};

  constructor(create: () => RTCPeerConnection, clock: Clock, signal: AbortSignal) {
    signal.throwIfAborted();
    this.connection = this.#opened.promise;
    this.connection.catch(() => {});
    this.half = new WebRtcHalf({
      create,
      clock,
      onChannel: (channel) => this.#take(channel),
      onEnd: (reason) => {
        this.#opened.reject(new SwarmError('CONNECT_FAILED', `A WebRTC connection came to nothing: ${reason}.`));
        this.#onEnd();
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
    if (this.#remote.host === '') this.half.close('nobody has answered');
  }

  /** Until it is open; from then on it is its owner's to close. */
  #obey(signal: AbortSignal): void {
    const abort = (): void => {
      this.#opened.reject(signal.reason);
      if (!this.#isOpen) this.half.close('nobody waits for it any more');
    };
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  }

  #take(channel: RTCDataChannel): void {
    const open = (): void => {
      channel.onopen = null;
      this.#isOpen = true;
      const connection = new ChannelConnection(channel, this.#remote, this.#incoming, () =>
        this.half.close('it is over'),
      );
      this.#onEnd = () => connection.close('the connection was lost');
      this.#opened.resolve(connection);
    };
    if (channel.readyState === 'open') open();
    else channel.onopen = open;
  }
}
