import { type ErrorCode, isSwarmError, SwarmError } from '../../errors.ts';
import type { RpcPort } from './rpc-ports.ts';

/** What one side offers: each method takes one argument, which is plain data. */
export type RpcMethods<T> = { [K in keyof T]: (args: never, signal: AbortSignal) => unknown };

interface RpcError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryAfterSeconds?: number | undefined;
}

type RpcMessage =
  | { readonly kind: 'call'; readonly id: number; readonly method: string; readonly args: unknown }
  | { readonly kind: 'abort'; readonly id: number }
  | { readonly kind: 'value'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: RpcError };

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Calls methods of the other side, and answers its calls. Both sides are ours: messages are not judged. */
export class Rpc<Theirs extends RpcMethods<Theirs>, Ours extends RpcMethods<Ours>> {
  readonly #port: RpcPort;
  readonly #methods: Partial<Ours>;
  readonly #waiting = new Map<number, Waiting>();
  readonly #answering = new Map<number, AbortController>();
  #lastId = 0;
  #closed: SwarmError | undefined;

  constructor(port: RpcPort, methods: Partial<Ours>) {
    this.#port = port;
    this.#methods = { ...methods };
    port.listen((message) => this.#take(message as RpcMessage));
  }

  /** Offers more methods from now on. */
  provide(methods: Partial<Ours>): void {
    Object.assign(this.#methods, methods);
  }

  /** Rejects with what the method rejects with, CLOSED after `close`, `signal.reason`. */
  call<K extends keyof Theirs & string>(
    method: K,
    args: Parameters<Theirs[K]>[0],
    signal?: AbortSignal,
    transfer: readonly Transferable[] = [],
  ): Promise<Awaited<ReturnType<Theirs[K]>>> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(this.#closed);
      if (signal?.aborted) return reject(signal.reason);
      const id = ++this.#lastId;
      const onAbort = (): void => {
        this.#waiting.delete(id);
        this.#port.post({ kind: 'abort', id } satisfies RpcMessage, []);
        reject(signal?.reason);
      };
      const done = (): void => {
        this.#waiting.delete(id);
        signal?.removeEventListener('abort', onAbort);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.set(id, {
        resolve: (value) => {
          done();
          resolve(value as Awaited<ReturnType<Theirs[K]>>);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      });
      this.#port.post({ kind: 'call', id, method, args } satisfies RpcMessage, transfer);
    });
  }

  /** Calls a method whose outcome is of no interest. Throws DataCloneError when something cannot be handed over. */
  tell<K extends keyof Theirs & string>(
    method: K,
    args: Parameters<Theirs[K]>[0],
    transfer: readonly Transferable[] = [],
  ): void {
    if (!this.#closed)
      this.#port.post({ kind: 'call', id: ++this.#lastId, method, args } satisfies RpcMessage, transfer);
  }

  /** Ends it: what waits rejects with `reason`, what is being answered is told. */
  close(reason: SwarmError): void {
    if (this.#closed) return;
    this.#closed = reason;
    for (const { reject } of [...this.#waiting.values()]) reject(reason);
    for (const stop of this.#answering.values()) stop.abort(reason);
    this.#port.close();
  }

  #take(message: RpcMessage): void {
    if (this.#closed) return;
    switch (message.kind) {
      case 'call':
        void this.#answer(message.id, message.method as keyof Ours & string, message.args);
        return;
      case 'abort':
        this.#answering.get(message.id)?.abort(new SwarmError('CLOSED', 'Nobody waits for it any more.'));
        return;
      case 'value':
        this.#waiting.get(message.id)?.resolve(message.value);
        return;
      case 'error': {
        const { code, message: text, retryAfterSeconds } = message.error;
        const wait = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
        this.#waiting.get(message.id)?.reject(new SwarmError(code, text, wait));
      }
    }
  }

  async #answer(id: number, method: keyof Ours & string, args: unknown): Promise<void> {
    const stop = new AbortController();
    this.#answering.set(id, stop);
    try {
      const work = this.#methods[method];
      if (!work) throw new SwarmError('INTERNAL', `Nobody answers ${method}`);
      const value = await work(args as never, stop.signal);
      if (!this.#closed) this.#port.post({ kind: 'value', id, value } satisfies RpcMessage, this.#transferable(value));
    } catch (error) {
      if (!this.#closed) this.#port.post({ kind: 'error', id, error: plainError(error) } satisfies RpcMessage, []);
    } finally {
      this.#answering.delete(id);
    }
  }

  /** Bytes that nobody else looks at. */
  #transferable(value: unknown): Transferable[] {
    const isOwn = value instanceof Uint8Array && value.byteLength === value.buffer.byteLength;
    return this.#port.transfers && isOwn && value.buffer instanceof ArrayBuffer ? [value.buffer] : [];
  }
}

function plainError(error: unknown): RpcError {
  if (isSwarmError(error)) {
    const { code, message, retryAfterSeconds } = error;
    return { code, message, retryAfterSeconds };
  }
  return { code: 'INTERNAL', message: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
}
