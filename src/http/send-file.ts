import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { SwarmError } from '../errors.ts';
import { type BufferPool, bufferSizeFor } from './buffer-pool.ts';
import { connectionSignal } from './connection-signal.ts';
import type { FileBody } from './file-body.ts';

/** How one file answer ended. */
export interface SendResult {
  readonly bytes: number;
  /** `gone`: the client left. `failed`: the bytes stopped coming after the head was out, so the connection was cut. */
  readonly outcome: 'complete' | 'gone' | 'failed';
  readonly error?: unknown;
}

/** Waits until `bytes` more may go to the client of this response; rejects when `signal` aborts. */
export type Pace = (outgoing: ServerResponse, bytes: number, signal: AbortSignal) => Promise<void>;

export interface FileSenderOptions {
  readonly pool: BufferPool;
  /** Bandwidth limits. */
  readonly pace?: Pace | undefined;
}

/** Sends file bodies to Node responses. */
export interface FileSender {
  /**
   * Writes the head and the bytes, which must be as many as `Content-Length` says, and closes the reader.
   * Rejects only when the first read fails: nothing was written then, so that the caller can answer the error.
   */
  send(
    outgoing: ServerResponse,
    status: number,
    headers: string[] | OutgoingHttpHeaders,
    body: FileBody,
  ): Promise<SendResult>;
}

/**
 * A sender with two pooled buffers per response: while one is on its way to the socket the other is being filled, so
 * a client that reads slowly holds two buffers and no more. When bytes stop coming after the head went out, the
 * connection is destroyed: a short body must never look complete.
 */
export function createFileSender({ pool, pace }: FileSenderOptions): FileSender {
  let senders = 0;

  async function transmit(outgoing: ServerResponse, writeHead: () => void, body: FileBody): Promise<SendResult> {
    const { reader, start, end } = body;
    const gone = connectionSignal(outgoing.req.socket);
    const sent = [Promise.resolve(), Promise.resolve()];
    let position = start;
    for (let turn = 0; position < end; turn = 1 - turn) {
      await sent[turn];
      if (gone.aborted) return { bytes: position - start, outcome: 'gone' };
      const wanted = Math.min(bufferSizeFor(senders), end - position);
      const buffer = pool.take(wanted);
      let count: number;
      try {
        count = await reader.read(buffer.subarray(0, wanted), position, gone);
        if (count === 0) throw new SwarmError('INTERNAL', `The file ended at byte ${position} of ${reader.size}`);
        await pace?.(outgoing, count, gone);
      } catch (error) {
        // The buffer is not reused: a read that was given up may still write into it.
        if (gone.aborted) return { bytes: position - start, outcome: 'gone' };
        if (position === start) throw error;
        outgoing.destroy();
        return { bytes: position - start, outcome: 'failed', error };
      }
      if (gone.aborted) return { bytes: position - start, outcome: 'gone' };
      if (position === start) writeHead();
      position += count;
      sent[turn] = write(outgoing, buffer, count, gone, pool);
    }
    if (start === end) writeHead();
    await Promise.all(sent);
    if (gone.aborted) return { bytes: position - start, outcome: 'gone' };
    outgoing.end();
    return { bytes: position - start, outcome: 'complete' };
  }

  return {
    async send(outgoing, status, headers, body) {
      senders++;
      try {
        const result = await transmit(outgoing, () => outgoing.writeHead(status, headers), body);
        // A client that left before the first bytes has got no answer.
        if (result.bytes > 0 || result.outcome === 'complete') body.onEnd?.(result.bytes);
        return result;
      } finally {
        senders--;
        body.reader.close();
      }
    },
  };
}

/**
 * Resolves when the kernel has taken the bytes, and gives the buffer back; also when the client is gone, and then the
 * buffer is left to the garbage collector, because the write may still look at it.
 */
function write(
  outgoing: ServerResponse,
  buffer: Uint8Array,
  count: number,
  gone: AbortSignal,
  pool: BufferPool,
): Promise<void> {
  return new Promise((resolve) => {
    const onGone = (): void => resolve();
    gone.addEventListener('abort', onGone, { once: true });
    outgoing.write(buffer.subarray(0, count), (error) => {
      gone.removeEventListener('abort', onGone);
      if (!error) pool.give(buffer);
      resolve();
    });
  });
}
