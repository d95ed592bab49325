import type { Socket } from 'node:net';

export interface DelayLineOptions {
  /** Milliseconds between a byte's arrival and its departure; asked for each chunk. */
  readonly delay: () => number;
  /** Milliseconds by which the first chunk is later than the others. */
  readonly handshake?: () => number;
  /** How many of the next `length` bytes may go now (it may wait), or that the line ends or falls silent here. */
  readonly admit?: (length: number) => Promise<number | 'cut' | 'stall'>;
  /** `admit` said `cut`. */
  readonly onCut?: () => void;
}

export interface DelayLine {
  /** Lets a stalled line ask `admit` again. */
  wake(): void;
  /** Ends the line; what is on it is lost. */
  stop(): void;
}

/** 250 MB/s times 40 ms is 10 MB: what a line may hold before it stops reading. */
const MAX_IN_FLIGHT = 16 << 20;
/** Shares of a capped line change hands after this many bytes, so that connections progress side by side. */
const SLICE = 64 << 10;

/** Carries bytes, and at last the end, from one socket to another, each a fixed time after it arrived. */
export function createDelayLine(from: Socket, to: Socket, options: DelayLineOptions): DelayLine {
  const queue: { readonly bytes: Buffer | undefined; readonly due: number }[] = [];
  let inFlight = 0;
  let extra = options.handshake;
  let running = false;
  let stopped = false;
  let stalled: (() => void) | undefined;

  function arrive(bytes: Buffer | undefined): void {
    const due = performance.now() + options.delay() + (extra?.() ?? 0);
    extra = undefined;
    queue.push({ bytes, due });
    inFlight += bytes?.length ?? 0;
    if (inFlight > MAX_IN_FLIGHT) from.pause();
    if (!running) {
      running = true;
      // A socket that breaks while bytes are on the line reports it by its own events.
      depart().catch(() => undefined);
    }
  }

  async function depart(): Promise<void> {
    for (let item = queue.shift(); item && !stopped; item = queue.shift()) {
      const wait = item.due - performance.now();
      if (wait >= 1) await new Promise((resolve) => setTimeout(resolve, wait));
      if (item.bytes === undefined) to.end();
      else await send(item.bytes);
    }
    running = false;
  }

  async function send(bytes: Buffer): Promise<void> {
    for (let sent = 0; sent < bytes.length && !stopped; ) {
      const wanted = Math.min(SLICE, bytes.length - sent);
      const admitted = options.admit ? await options.admit(wanted) : wanted;
      if (stopped || to.destroyed) return;
      if (admitted === 'cut') return options.onCut?.();
      if (admitted === 'stall') {
        await new Promise<void>((resolve) => {
          stalled = resolve;
        });
        continue;
      }
      const flushed = to.write(bytes.subarray(sent, sent + admitted));
      sent += admitted;
      inFlight -= admitted;
      if (inFlight <= MAX_IN_FLIGHT && from.isPaused()) from.resume();
      if (!flushed) await drained(to);
    }
  }

  from.on('data', arrive).on('end', () => arrive(undefined));
  return {
    wake() {
      stalled?.();
      stalled = undefined;
    },
    stop() {
      stopped = true;
      queue.length = 0;
      this.wake();
    },
  };
}

function drained(socket: Socket): Promise<void> {
  if (socket.destroyed || !socket.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
  });
}
