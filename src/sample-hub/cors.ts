import { type Answer, emptyAnswer } from './answer.ts';

const EXPOSED =
  'X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,X-Total-Count,ETag,Link,Accept-Ranges,Content-Range,X-Linked-Size,X-Linked-ETag,X-Xet-Hash';

/** The headers that let pages of other sites read an answer. */
export function corsHeaders(origin: string | undefined, hubUrl: string): Record<string, string> {
  return {
    'access-control-allow-origin': origin ?? hubUrl,
    'access-control-max-age': '86400',
    'access-control-expose-headers': EXPOSED,
    vary: 'Origin',
  };
}

/** The answer to a preflight. */
export function preflightAnswer(): Answer {
  return emptyAnswer(204, {
    'access-control-allow-methods': 'GET,HEAD,POST,OPTIONS',
    'access-control-allow-headers': 'Authorization,Range,Content-Type,Accept,If-None-Match,X-Requested-With',
  });
}
