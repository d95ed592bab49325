import type { SessionDescription, SignalledTransport } from '../../contracts/signalled-transport.ts';
import { createWebRtcTransport, type Half, type HalfEvents } from '../../transport/webrtc.ts';
import { RelayedChannel } from './channel-proxy.ts';
import type { ChannelApi } from './engine-api.ts';

/** Calls to the window that the engine belongs to. */
export interface WindowCalls {
  offer(id: number): Promise<SessionDescription>;
  answer(id: number, offer: SessionDescription): Promise<SessionDescription>;
  accept(id: number, answer: SessionDescription): Promise<void>;
  end(id: number): void;
}

/** The worker's side of WebRTC: descriptions come from the window, and so do channels, which are used here. */
export function createWorkerRtc(window: WindowCalls): ChannelApi & { readonly transport: SignalledTransport } {
  const halves = new Map<number, HalfEvents>();
  let lastId = 0;

  function openHalf(events: HalfEvents): Half {
    const id = ++lastId;
    halves.set(id, events);
    return {
      offer: () => window.offer(id),
      answer: (offer) => window.answer(id, offer),
      accept: (answer) => window.accept(id, answer),
      close(reason) {
        if (!halves.delete(id)) return;
        window.end(id);
        events.onEnd(reason);
      },
    };
  }

  return {
    transport: createWebRtcTransport(openHalf),
    channel: ({ id, channel }) =>
      halves.get(id)?.onChannel(channel instanceof MessagePort ? new RelayedChannel(channel) : channel),
    ended({ id, reason }) {
      const events = halves.get(id);
      halves.delete(id);
      events?.onEnd(reason);
    },
  };
}
