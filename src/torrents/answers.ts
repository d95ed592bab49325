import { SwarmError } from '../errors.ts';
import { errorResponse } from '../http/error-response.ts';
import type { ErrorDocument } from './documents.ts';

/** A JSON document that says how things are now: for nobody to keep. */
export function jsonAnswer(status: number, document: object, headers: Readonly<Record<string, string>> = {}): Response {
  const answer = Response.json(document, { status, headers });
  answer.headers.set('Cache-Control', 'no-store');
  answer.headers.set('X-Content-Type-Options', 'nosniff');
  return answer;
}

/** A thrown error as JSON, with the Hub's own status and code where the Hub refused. Throws what is none of ours: a bug. */
export function errorAnswer(error: unknown, details: Omit<ErrorDocument, 'error' | 'code'> = {}): Response {
  if (!(error instanceof SwarmError)) throw error;
  const plain = errorResponse(error, 'api');
  const headers = Object.fromEntries([...plain.headers].filter(([name]) => !name.startsWith('content-')));
  const document: ErrorDocument = {
    error: error.hub?.message ?? error.message,
    code: plain.headers.get('x-error-code'),
    ...details,
  };
  return jsonAnswer(plain.status, document, headers);
}
