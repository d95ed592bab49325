import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../contracts/clock.ts';
import type { Answer, FileBody } from './answer.ts';
import { type Fault, type FaultRule, mergeFaults } from './fault.ts';
import { Pacer } from './pacer.ts';

// Large slices keep a fast hub at more than 1 GB/s; smaller ones would spend the time in calls.
const SLICE = 512 * 1024;

export interface SendOptions {
  readonly clock: Clock;
  /** The rules that met this request. */
  readonly rules: readonly FaultRule[];
  /** Told of every piece of body that was handed to the connection, and whether it is a file's content. */
  readonly onSent: (bytes: number, isFile: boolean) => void;
}

/** Sends an answer with the faults that apply to it. Resolves when all was sent or the client went away. */
export async function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  options: SendOptions,
): Promise<void> {
  const isFile = answer.body !== undefined && 'content' in answer.body;
  // A fault set for a whole repo means its files, not the listings; those are named by their kind.
  const rules = options.rules.filter((rule) => isFile || rule.match.kind !== undefined);
  const fault = mergeFaults(rules);
  if (response.destroyed) return;
  const headers = { ...answer.headers };
  if (fault.contentLength !== undefined && isFile) headers['content-length'] = String(fault.contentLength);
  for (const name of mergeFaults(options.rules).withoutHeaders ?? []) delete headers[name.toLowerCase()];
  response.writeHead(answer.status, headers);
  if (request.method === 'HEAD' || answer.body === undefined) {
    response.end();
    return;
  }
  const gone = new AbortController();
  response.once('close', () => gone.abort(new Error('the client went away')));
  const { signal } = gone;
  try {
    if (fault.firstByteDelay !== undefined) {
      response.flushHeaders();
      await options.clock.sleep(fault.firstByteDelay, signal);
    }
    const pacers = [
      ...(fault.bytesPerSecond === undefined ? [] : [new Pacer(fault.bytesPerSecond, options.clock)]),
      ...rules.flatMap((rule) => rule.totalPacer ?? []),
    ];
    const onSent = (bytes: number) => options.onSent(bytes, isFile);
    const declared = Number(headers['content-length'] ?? 0);
    await sendBody(response, answer.body, { fault, declared, pacers, signal, onSent });
  } catch (error) {
    if (!signal.aborted) throw error;
    response.destroy();
  }
}

async function sendBody(
  response: ServerResponse,
  body: Uint8Array | FileBody,
  options: {
    readonly fault: Fault;
    /** `Content-Length`, 0 without one. */
    readonly declared: number;
    readonly pacers: readonly Pacer[];
    readonly signal: AbortSignal;
    readonly onSent: (bytes: number) => void;
  },
): Promise<void> {
  const { fault, declared, pacers, signal, onSent } = options;
  const length = body instanceof Uint8Array ? body.length : body.end - body.start;
  const stop = Math.min(length, fault.truncateAt ?? length, fault.stallAt ?? length);
  const slice = Math.min(SLICE, ...pacers.map((pacer) => pacer.slice));
  for (let at = 0; at < stop; at += slice) {
    const count = Math.min(slice, stop - at);
    for (const pacer of pacers) await pacer.take(count, signal);
    const bytes = readBody(body, at, at + count);
    if (fault.corruptAt !== undefined && !(body instanceof Uint8Array))
      flipBit(bytes, fault.corruptAt - body.start - at);
    const drained = response.write(bytes);
    onSent(count);
    if (!drained) await once(response, 'drain', { signal });
    signal.throwIfAborted();
  }
  if (fault.stallAt !== undefined && stop === fault.stallAt) {
    await once(response, 'close', { signal });
  }
  if (stop < length || stop < declared) {
    // What was written must reach the client before the connection is cut.
    await new Promise<void>((resolve) => response.write('', () => resolve()));
    response.destroy();
  } else {
    response.end();
  }
}

function readBody(body: Uint8Array | FileBody, from: number, to: number): Uint8Array {
  return body instanceof Uint8Array ? body.subarray(from, to) : body.content.read(body.start + from, body.start + to);
}

function flipBit(bytes: Uint8Array, index: number): void {
  const byte = bytes[index];
  if (byte !== undefined) bytes[index] = byte ^ 1;
}
