import { gzipSync } from 'node:zlib';
import { type Answer, emptyAnswer } from './answer.ts';
import type { Content } from './content.ts';
import { matchesEtag } from './etag.ts';
import { parseRange } from './range.ts';

// CloudFront compresses answers of 1,000 to 10,000,000 bytes.
const GZIP_SIZES = { least: 1000, most: 10_000_000 };

/** The headers of the request that matter for bytes. */
export interface BytesRequest {
  readonly range?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  readonly acceptEncoding?: string | undefined;
}

/**
 * The bytes of a file: 200, 206, 304 or 416.
 * @param etag quoted
 * @param gzip may the whole file be sent compressed, without `Content-Length`?
 */
export function fileAnswer(
  content: Content,
  request: BytesRequest,
  options: { readonly etag: string; readonly headers: Readonly<Record<string, string>>; readonly gzip?: boolean },
): Answer {
  const headers = { ...options.headers, etag: options.etag, 'accept-ranges': 'bytes' };
  if (matchesEtag(request.ifNoneMatch, options.etag)) return emptyAnswer(304, headers);
  const range = parseRange(request.range, content.size);
  if (range.kind === 'unsatisfiable') {
    return emptyAnswer(416, { ...headers, 'content-range': `bytes */${content.size}`, 'content-length': '0' });
  }
  if (range.kind === 'range') {
    const { start, end } = range;
    const span = {
      'content-range': `bytes ${start}-${end - 1}/${content.size}`,
      'content-length': String(end - start),
    };
    return { status: 206, headers: { ...headers, ...span }, body: { content, start, end } };
  }
  if (options.gzip && mayGzip(content, request.acceptEncoding)) {
    const body = new Uint8Array(gzipSync(content.read(0, content.size)));
    // The compressed bytes are another representation, so CloudFront weakens the ETag.
    return { status: 200, headers: { ...headers, etag: `W/${options.etag}`, 'content-encoding': 'gzip' }, body };
  }
  const body = { content, start: 0, end: content.size };
  return { status: 200, headers: { ...headers, 'content-length': String(content.size) }, body };
}

/** The Content-Type that the Hub gives a file: text is plain text, whatever it is. */
export function contentType(path: string): string {
  const extension = path.slice(path.lastIndexOf('.') + 1).toLowerCase();
  const image = { png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', gif: 'image/gif', webp: 'image/webp' }[
    extension
  ];
  if (image !== undefined) return image;
  return TEXT.test(path) ? 'text/plain; charset=utf-8' : 'application/octet-stream';
}

const TEXT =
  /(^|\/)(\.git[a-z]+|[A-Z]+|[^.]+)$|\.(c|cfg|css|csv|html|ini|ipynb|js|json|jsonl|md|mjs|py|sh|svg|toml|ts|tsv|txt|xml|yaml|yml)$/;

function mayGzip(content: Content, acceptEncoding: string | undefined): boolean {
  const accepts = /(^|[\s,])(gzip|\*)(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(acceptEncoding ?? '');
  return accepts && content.size >= GZIP_SIZES.least && content.size <= GZIP_SIZES.most;
}
