import type { RangeSource } from '../../src/contracts/range-source.ts';
import type { SwarmError } from '../../src/errors.ts';

/** What a scripted source does with one request; all fields optional. */
export interface ScriptedAnswer {
  /** Throws this once `afterBytes` have been sent. */
  readonly error?: SwarmError;
  readonly afterBytes?: number;
  /** Says nothing until the request is aborted, once `afterBytes` have been sent. */
  readonly silent?: boolean;
  readonly bytesPerSecond?: number;
}

export interface LoggedRead {
  readonly start: number;
  readonly end: number;
  sent: number;
}

/** A source in memory whose bytes follow from their offset, and whose misbehaviour is scripted request by request. */
export class ScriptedSource implements RangeSource {
  readonly name: string = 'scripted';
  readonly size: number;
  readonly reads: LoggedRead[] = [];
  readonly #script: (read: LoggedRead, index: number) => ScriptedAnswer;

  constructor(size: number, script: (read: LoggedRead, index: number) => ScriptedAnswer = () => ({})) {
    this.size = size;
    this.#script = script;
  }

  async *read(start: number, end: number, { signal }: { readonly signal: AbortSignal }): AsyncIterable<Uint8Array> {
    const read: LoggedRead = { start, end, sent: 0 };
    const answer = this.#script(read, this.reads.length);
    this.reads.push(read);
    const { afterBytes = 0, error, silent = false, bytesPerSecond } = answer;
    for (let position = start; position < end; ) {
      const trouble = error !== undefined || silent;
      if (trouble && read.sent >= afterBytes) {
        if (error) throw error;
        await untilAborted(signal);
      }
      const longest = bytesPerSecond === undefined ? 65536 : Math.max(1, Math.round(bytesPerSecond / 20));
      const length = Math.min(longest, end - position, trouble ? afterBytes - read.sent : end);
      await pause(bytesPerSecond === undefined ? 0 : 50, signal);
      read.sent += length;
      yield expectedBytes(position, position + length);
      position += length;
    }
  }
}

/** The bytes of every scripted source: byte n is a mix of n's own digits, so that any shift shows. */
export function expectedBytes(start: number, end: number): Uint8Array {
  const bytes = new Uint8Array(end - start);
  for (let index = 0; index < bytes.length; index++) {
    const offset = start + index;
    bytes[index] = (offset ^ (offset >> 8) ^ (offset >> 16)) & 0xff;
  }
  return bytes;
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        reject(signal.reason);
      },
      { once: true },
    );
  });
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
