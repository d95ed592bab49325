import type { Content } from './content.ts';

/** Bytes `[start, end)` of a repo's file, as the body of an answer. */
export interface FileBody {
  readonly content: Content;
  readonly start: number;
  readonly end: number;
}

/** What the hub is about to answer. Faults are applied when it is sent. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | FileBody;
}

/** An answer without a body. */
export const emptyAnswer = (status: number, headers: Record<string, string> = {}): Answer => ({ status, headers });

/** A text answer with its length. */
export function textAnswer(status: number, text: string, headers: Record<string, string> = {}): Answer {
  const body = new TextEncoder().encode(text);
  const type = { 'content-type': 'text/plain; charset=utf-8', 'content-length': String(body.length) };
  return { status, headers: { ...type, ...headers }, body };
}

/** A JSON answer: compact (shell scripts grep for `"rfilename":"` without a space). */
export function jsonAnswer(status: number, value: unknown, headers: Record<string, string> = {}): Answer {
  return textAnswer(status, JSON.stringify(value), { 'content-type': 'application/json; charset=utf-8', ...headers });
}

/** A redirect. Its `Content-Length` is that of the redirect's own text, never of the file. */
export function redirectAnswer(status: 302 | 307, location: string, headers: Record<string, string> = {}): Answer {
  const words = status === 302 ? 'Found' : 'Temporary Redirect';
  return textAnswer(status, `${words}. Redirecting to ${location}`, { location, vary: 'Origin, Accept', ...headers });
}

/** How a refusal is worded. `code` becomes `X-Error-Code`. */
export interface Refusal {
  readonly status: number;
  readonly code?: string;
  readonly message: string;
  /** Of the body, when it differs from the message. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal as the Hub words it: `X-Error-*` headers, and a JSON body below `/api`, a text body elsewhere. */
export function refusalAnswer(refusal: Refusal, format: 'json' | 'text'): Answer {
  const headers = {
    'x-error-message': refusal.message,
    ...(refusal.code === undefined ? {} : { 'x-error-code': refusal.code }),
    ...refusal.headers,
  };
  if (format === 'json') return jsonAnswer(refusal.status, { error: refusal.message }, headers);
  return textAnswer(refusal.status, refusal.text ?? refusal.message, headers);
}
