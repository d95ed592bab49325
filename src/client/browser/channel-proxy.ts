import type { DataChannel } from '../../transport/channel-connection.ts';

/**
 * A data channel whose messages go through its window. Chromium loses what arrives while a channel that the other side has opened is on its way to
 * a worker (seen in version 156, about one in five), and browsers before Chromium 130 and Firefox 144 hand none over.
 */

/** As many unsent bytes are given to the channel; Chromium ends one with 16 MiB. */
const MOST_BUFFERED = 1024 * 1024;
const LOW_BUFFERED = 256 * 1024;

type FromWindow =
  | { readonly kind: 'open' | 'close' }
  | { readonly kind: 'message'; readonly data: unknown }
  | { readonly kind: 'sent'; readonly bytes: number };
type FromWorker = { readonly kind: 'close' } | { readonly kind: 'message'; readonly data: ArrayBuffer };

/** The window's side: passes on what comes and goes, at the speed of the channel. */
export function relayChannel(channel: RTCDataChannel, port: MessagePort): void {
  const waiting: ArrayBuffer[] = [];
  const tell = (message: FromWindow, transfer: Transferable[] = []): void => port.postMessage(message, transfer);
  const pump = (): void => {
    while (waiting.length > 0 && channel.readyState === 'open' && channel.bufferedAmount < MOST_BUFFERED) {
      const data = waiting.shift();
      if (!data) return;
      channel.send(data);
      tell({ kind: 'sent', bytes: data.byteLength });
    }
  };
  channel.binaryType = 'arraybuffer';
  channel.bufferedAmountLowThreshold = LOW_BUFFERED;
  channel.onbufferedamountlow = pump;
  channel.onopen = () => tell({ kind: 'open' });
  channel.onclose = () => tell({ kind: 'close' });
  channel.onmessage = ({ data }: MessageEvent<unknown>) =>
    tell({ kind: 'message', data }, data instanceof ArrayBuffer ? [data] : []);
  port.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    if (data.kind === 'close') channel.close();
    else {
      waiting.push(data.data);
      pump();
    }
  };
  if (channel.readyState === 'open') tell({ kind: 'open' });
}

/** The worker's side: looks like the channel. */
export class RelayedChannel implements DataChannel {
  binaryType: BinaryType = 'arraybuffer';
  bufferedAmount = 0;
  bufferedAmountLowThreshold = 0;
  readyState: RTCDataChannelState = 'connecting';
  onbufferedamountlow: RTCDataChannel['onbufferedamountlow'] = null;
  onclose: RTCDataChannel['onclose'] = null;
  onerror: RTCDataChannel['onerror'] = null;
  onmessage: RTCDataChannel['onmessage'] = null;
  onopen: RTCDataChannel['onopen'] = null;
  readonly #port: MessagePort;

  constructor(port: MessagePort) {
    this.#port = port;
    port.onmessage = ({ data }: MessageEvent<FromWindow>) => this.#take(data);
  }

  send(data: Uint8Array<ArrayBuffer>): void {
    // A copy: the sender uses its buffer again.
    const copy = data.slice().buffer;
    this.bufferedAmount += copy.byteLength;
    this.#port.postMessage({ kind: 'message', data: copy } satisfies FromWorker, [copy]);
  }

  close(): void {
    this.readyState = 'closed';
    this.#port.postMessage({ kind: 'close' } satisfies FromWorker);
  }

  #take(message: FromWindow): void {
    const self = this as unknown as RTCDataChannel;
    switch (message.kind) {
      case 'open':
        // An open channel that was announced tells of it once more.
        if (this.readyState !== 'connecting') return;
        this.readyState = 'open';
        this.onopen?.call(self, new Event('open'));
        return;
      case 'close':
        this.readyState = 'closed';
        this.onclose?.call(self, new Event('close'));
        return;
      case 'message':
        this.onmessage?.call(self, new MessageEvent('message', { data: message.data }));
        return;
      case 'sent': {
        const before = this.bufferedAmount;
        this.bufferedAmount -= message.bytes;
        const isLow = this.bufferedAmount <= this.bufferedAmountLowThreshold;
        if (isLow && before > this.bufferedAmountLowThreshold)
          this.onbufferedamountlow?.call(self, new Event('bufferedamountlow'));
      }
    }
  }
}
