import type { Dispatcher } from 'undici';
import { SwarmError } from '../errors.ts';
import { AnswerBody } from './answer-body.ts';
import { networkError } from './network-error.ts';

export interface ExchangeRequest {
  readonly url: URL;
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Longest wait for the answer's headers, and between two pieces of its body. */
  readonly headersTimeoutMs: number;
  readonly bodyTimeoutMs: number;
}

/** One answer, of any status. Its body must be read, discarded or destroyed. */
export interface Answer {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly body: AnswerBody;
}

function toHeaders(received: Readonly<Record<string, string | string[] | undefined>>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(received)) {
    for (const item of Array.isArray(value) ? value : [value]) if (item !== undefined) headers.append(name, item);
  }
  return headers;
}

/**
 * Sends one request and resolves when the headers of its answer are there. Redirects are not followed.
 *
 * @throws SwarmError UPSTREAM_UNAVAILABLE, UPSTREAM_TIMEOUT, UPSTREAM_INVALID, CLOSED (`networkError`), or whatever the
 * connection's guard threw; `signal.reason` after an abort. The body throws the same.
 */
export function exchange(dispatcher: Dispatcher, request: ExchangeRequest): Promise<Answer> {
  const { url, method, signal } = request;
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let body: AnswerBody | undefined;
    const fail = (error: unknown): void => {
      signal?.removeEventListener('abort', onAbort);
      if (body) body.end(error);
      else reject(error);
    };
    const onAbort = (): void => {
      body?.abort(signal?.reason);
      fail(signal?.reason);
      controller?.abort(new Error('aborted'));
    };
    if (signal?.aborted) return reject(signal.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        controller = started;
        if (signal?.aborted) started.abort(new Error('aborted'));
      },
      onResponseStart(started, status, received) {
        // 103 and the like come before the answer.
        if (status < 200) return;
        body = new AnswerBody(started);
        try {
          resolve({ url, status, headers: toHeaders(received), body });
        } catch {
          body = undefined;
          fail(new SwarmError('UPSTREAM_INVALID', `${url.host} sent headers that are not valid HTTP.`));
          started.abort(new Error('malformed headers'));
        }
      },
      onResponseData(_, chunk) {
        body?.push(chunk);
      },
      onResponseEnd() {
        signal?.removeEventListener('abort', onAbort);
        body?.end();
      },
      onResponseError(_, error) {
        fail(networkError(error, url.host));
      },
    };
    dispatcher.dispatch(
      {
        origin: url.origin,
        path: url.pathname + url.search,
        method,
        headers: { ...request.headers },
        body: request.body ?? null,
        headersTimeout: request.headersTimeoutMs,
        bodyTimeout: request.bodyTimeoutMs,
        // Otherwise every HEAD would cost a new TLS connection: undici closes after a HEAD by default.
        ...(method === 'HEAD' ? { reset: false } : {}),
      },
      handler,
    );
  });
}
