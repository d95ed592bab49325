import { createHash } from 'node:crypto';
import { type Answer, emptyAnswer } from './answer.ts';

/** Does an `If-None-Match` header name this (quoted) ETag? Compares weakly (RFC 9110 §13.1.2). */
export function matchesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const opaque = (tag: string) => tag.trim().replace(/^W\//, '');
  return ifNoneMatch.trim() === '*' || ifNoneMatch.split(',').some((tag) => opaque(tag) === opaque(etag));
}

/** Gives a JSON answer the weak ETag that the Hub's API has, and turns it into a 304 when the client holds it already. */
export function withWeakEtag(answer: Answer, ifNoneMatch: string | undefined): Answer {
  const isJson = answer.headers['content-type']?.startsWith('application/json') ?? false;
  if (answer.status !== 200 || !isJson || !(answer.body instanceof Uint8Array)) return answer;
  const digest = createHash('sha1').update(answer.body).digest('base64').slice(0, 27);
  const headers = { ...answer.headers, etag: `W/"${answer.body.length.toString(16)}-${digest}"` };
  if (!matchesEtag(ifNoneMatch, headers.etag)) return { ...answer, headers };
  return emptyAnswer(304, { etag: headers.etag });
}
