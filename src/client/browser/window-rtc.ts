import type { Clock } from '../../contracts/clock.ts';
import { SwarmError } from '../../errors.ts';
import { WebRtcHalf } from '../../transport/webrtc-half.ts';
import { relayChannel } from './channel-proxy.ts';
import type { ChannelApi, WindowApi } from './engine-api.ts';

/** The window's side of WebRTC for an engine in a worker: makes the connections, and hands their channels over. */
export function createWindowRtc(options: {
  readonly create: () => RTCPeerConnection;
  readonly clock: Clock;
  readonly tell: ChannelApi;
}): Omit<WindowApi, 'leads'> & { close(): void } {
  const halves = new Map<number, WebRtcHalf>();

  function begin(id: number): WebRtcHalf {
    const half = new WebRtcHalf({
      create: options.create,
      clock: options.clock,
      onChannel: (channel, isOurs) => hand(id, channel, isOurs),
      onEnd: (reason) => {
        halves.delete(id);
        options.tell.ended({ id, reason });
      },
    });
    halves.set(id, half);
    return half;
  }

  /** Our own channel goes to the worker itself, where the browser hands it over. */
  function hand(id: number, channel: RTCDataChannel, isOurs: boolean): void {
    if (isOurs && handOver(id, channel)) return;
    const { port1, port2 } = new MessageChannel();
    relayChannel(channel, port1);
    options.tell.channel({ id, channel: port2 });
  }

  /** False: the browser does not do that. */
  function handOver(id: number, channel: RTCDataChannel): boolean {
    try {
      options.tell.channel({ id, channel });
      return true;
    } catch {
      return false;
    }
  }

  return {
    offer: (id) => begin(id).offer(),
    answer: ({ id, offer }) => begin(id).answer(offer),
    async accept({ id, answer }) {
      const half = halves.get(id);
      if (!half) throw new SwarmError('CONNECT_FAILED', 'The offer was dropped.');
      await half.accept(answer);
    },
    end: (id) => halves.get(id)?.close('it is over'),
    close() {
      for (const half of [...halves.values()]) half.close('the client was closed');
    },
  };
}
