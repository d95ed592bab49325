import type { IncomingHttpHeaders } from 'node:http';
import { type Answer, emptyAnswer, textAnswer } from './answer.ts';
import { type BytesRequest, contentType, fileAnswer } from './file-answer.ts';
import type { HubState } from './hub-state.ts';
import type { RepoFile } from './repo-file.ts';
import type { RepoState } from './sample-repo.ts';
import { readSignedUrl } from './signed-url.ts';

/** What a signed URL leads to. */
export interface CdnTarget {
  readonly repo: RepoState;
  readonly file: RepoFile;
  readonly contentDisposition: string;
}

/** The file that a signed URL names; undefined when the signature is wrong or has expired. */
export function cdnTarget(hub: HubState, pathAndQuery: string): CdnTarget | undefined {
  const signed = readSignedUrl(pathAndQuery, hub.clock.now() / 1000, hub.signingKey);
  const repo = signed && hub.repos.byObjectId(signed.objectId);
  const file = repo?.lfsFiles.get(signed?.hash ?? '');
  return signed && repo && file && { repo, file, contentDisposition: signed.contentDisposition };
}

/**
 * Answers a request to the second origin. It knows neither tokens nor the hub's `X-*` headers, its ETag is not the SHA-256,
 * and it ignores `If-Range`.
 */
export function answerCdn(
  target: CdnTarget | undefined,
  { method, url, headers }: { readonly method: string; readonly url: string; readonly headers: IncomingHttpHeaders },
): Answer {
  const cors = {
    'access-control-allow-origin': '*',
    'access-control-expose-headers': 'Content-Range,Content-Length,ETag',
  };
  if (method === 'OPTIONS') return emptyAnswer(204, { ...cors, 'access-control-allow-methods': 'GET,HEAD' });
  if (method !== 'GET' && method !== 'HEAD') return refuse(405, 'MethodNotAllowed', cors);
  if (!url.startsWith('/xet-bridge-us/')) return refuse(404, 'NoSuchKey', cors);
  if (!target) return refuse(403, 'AccessDenied', cors);
  const { file, contentDisposition } = target;
  if (!file.content) return refuse(404, 'NoSuchKey', cors);
  const request: BytesRequest = { range: headers.range, ifNoneMatch: headers['if-none-match'] };
  return fileAnswer(file.content, request, {
    etag: `"${file.xetHash}"`,
    headers: {
      ...cors,
      'content-type': contentType(file.path),
      'content-disposition': contentDisposition,
      'cache-control': 'public, max-age=31536000',
    },
  });
}

function refuse(status: number, code: string, headers: Record<string, string>): Answer {
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code></Error>`;
  return textAnswer(status, text, { ...headers, 'content-type': 'application/xml' });
}
