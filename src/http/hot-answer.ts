import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BufferPool } from './buffer-pool.ts';
import { CORS_HEADERS } from './cors.ts';
import type { HotDocument, HotEntry, HotFile } from './hot-table.ts';
import { type Header, planFile } from './plan-file.ts';
import type { FileSender, SendResult } from './send-file.ts';

/** Up to here a file answer is read first and sent with its head in one write. */
const ONE_WRITE_BYTES = 256 * 1024;

export interface HotAnswerOptions {
  readonly pool: BufferPool;
  readonly sender: FileSender;
  /** Bandwidth limits apply: every file body goes through the sender. */
  readonly paced: boolean;
}

/** What was sent, for the log. */
export interface HotAnswer {
  readonly status: number;
  readonly result: SendResult;
}

const complete = (bytes: number): SendResult => ({ bytes, outcome: 'complete' });

/**
 * Answers a GET or HEAD from a hot entry, header by header as the long way would.
 * Resolves with undefined when the entry cannot answer any more; nothing was written then.
 */
export async function answerHot(
  entry: HotEntry,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  requestId: string,
  options: HotAnswerOptions,
): Promise<HotAnswer | undefined> {
  if (entry.kind === 'document') return answerDocument(entry, incoming, outgoing, requestId);
  return answerFile(entry, incoming, outgoing, requestId, options);
}

function answerDocument(
  entry: HotDocument,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  requestId: string,
): HotAnswer {
  outgoing.writeHead(entry.status, flatten(entry.headers, [], requestId));
  if (incoming.method === 'HEAD') outgoing.end();
  else outgoing.end(entry.body, 'latin1');
  return { status: entry.status, result: complete(incoming.method === 'HEAD' ? 0 : entry.body.length) };
}

async function answerFile(
  entry: HotFile,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  requestId: string,
  { pool, sender, paced }: HotAnswerOptions,
): Promise<HotAnswer | undefined> {
  const requestHeaders = incoming.headers;
  const plan = planFile(
    incoming.method ?? 'GET',
    (name) => {
      const value = requestHeaders[name];
      return typeof value === 'string' ? value : undefined;
    },
    entry.file,
  );
  const { status, start, end } = plan;
  const length = end - start;
  const headers = flatten(entry.headers, plan.headers, requestId);
  if (incoming.method === 'HEAD' || length === 0) {
    outgoing.writeHead(status, headers);
    outgoing.end();
    return { status, result: complete(0) };
  }
  const opened = entry.open();
  const reader = opened instanceof Promise ? await opened.catch(() => undefined) : opened;
  if (!reader) return undefined;
  if (length > ONE_WRITE_BYTES || paced) {
    try {
      return {
        status,
        result: await sender.send(outgoing, status, headers, { reader, start, end, onEnd: entry.onEnd }),
      };
    } catch {
      return undefined;
    }
  }
  const buffer = pool.take(length);
  try {
    for (let filled = 0; filled < length; ) {
      const count = await reader.read(buffer.subarray(filled, length), start + filled);
      if (count === 0) return undefined;
      filled += count;
    }
  } catch {
    return undefined;
  } finally {
    reader.close();
  }
  outgoing.writeHead(status, headers);
  outgoing.end(buffer.subarray(0, length), () => pool.give(buffer));
  entry.onEnd?.(length);
  return { status, result: complete(length) };
}

/** Names and values in one array, the form that Node writes out without building an object. */
function flatten(fixed: readonly Header[], planned: readonly Header[], requestId: string): string[] {
  const headers: string[] = [];
  for (const header of fixed) headers.push(header[0], header[1]);
  for (const header of planned) headers.push(header[0], header[1]);
  for (const header of CORS_HEADERS) headers.push(header[0], header[1]);
  headers.push('X-Request-Id', requestId);
  return headers;
}
