import type { Grant } from '../contracts/access.ts';
import type { ByteReader } from '../contracts/byte-reader.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Counters } from '../contracts/counters.ts';
import type { Revision } from '../contracts/domain.ts';
import type { Files } from '../contracts/files.ts';
import type { CacheOutcome } from './cache-status.ts';
import { type Exchange, isSet } from './exchange.ts';
import { fileResponse } from './file-body.ts';
import { fileHeaders } from './file-headers.ts';
import type { HotTable } from './hot-table.ts';
import { hidesSize, isOverPlainLimit } from './plain-download-limit.ts';
import { type FilePlan, type Header, planFile, type ServedFile } from './plan-file.ts';
import { repeatUntil } from './repeat-window.ts';
import { shareReader } from './shared-reader.ts';

/** What serving files needs. */
export interface FileServing {
  readonly files: Files;
  readonly clock: Clock;
  /** Answers worth repeating without asking anybody are put here. */
  readonly hot?: HotTable | undefined;
  /** Requests and bytes are counted here. */
  readonly counters?: Counters | undefined;
}

/**
 * Answers a GET or HEAD of a file, or of a part of it, for whoever has the grant. A HEAD is answered from metadata alone.
 * `ignoreConditions`: never answer 304. Throws what `files.open` throws.
 */
export async function serveGranted(
  options: FileServing,
  exchange: Exchange,
  grant: Grant,
  revision: Revision,
  { ignoreConditions }: { readonly ignoreConditions: boolean },
): Promise<Response> {
  const { files } = options;
  const { request, method, query, signal } = exchange;
  const { entry } = grant;
  const served: ServedFile = { size: entry.size, etag: `"${entry.sha256 ?? entry.gitOid}"` };
  // Bytes that failed verification may sit at the head of a client's partial file: a resumed tail must not join them.
  const ignoreRange = files.isSuspect(grant);
  const plan = planFile(method, (name) => request.headers.get(name), served, { ignoreRange, ignoreConditions });
  const disposition = isSet(query, 'download') ? 'attachment' : 'inline';
  const describe = (cache: CacheOutcome, verified: 'blob' | 'provisional' | undefined): Header[] =>
    fileHeaders(grant, { revision, etag: served.etag, disposition, cache, verified });

  const held = files.isHeld(grant);
  const sendsBytes = method === 'GET' && (plan.status === 200 || plan.status === 206);
  if (!sendsBytes) {
    const headers = describe(held ? 'hit' : 'miss', held ? 'blob' : undefined);
    if (held && !ignoreRange && !ignoreConditions) remember(options, exchange, grant, revision, served, headers);
    const all = [...headers, ...plan.headers];
    const hidden = method === 'HEAD' && hidesSize(request.headers.get('user-agent'), entry.size);
    return new Response(null, { status: plan.status, headers: pairs(hidden ? all.filter(isNotSize) : all) });
  }
  const opened = await files.open(grant, { extent: extentOf(plan, entry.size), ...span(plan) }, signal);
  const cache = opened.cache === 'hit' && grant.stale ? 'stale' : opened.cache;
  const headers = describe(cache, opened.verified);
  if (opened.cache === 'hit' && !ignoreRange && !ignoreConditions)
    remember(options, exchange, grant, revision, served, headers);
  return fileResponse(
    { reader: opened.reader, ...span(plan), onEnd: countFor(options.counters, grant) },
    { status: plan.status, headers: pairs([...headers, ...plan.headers]) },
  );
}

/** Puts a held file where the next request for it is answered at once, for as long as the grant lasts. */
function remember(
  { hot, files, clock, counters }: FileServing,
  { target, caller }: Exchange,
  grant: Grant,
  revision: Revision,
  file: ServedFile,
  headers: readonly Header[],
): void {
  if (!hot || grant.stale || isOverPlainLimit(file.size)) return;
  const open = shareReader(() => openHeld(files, grant), { clock });
  const expiresAt = Math.min(grant.expiresAt, repeatUntil(revision, clock.now()));
  hot.put(target, caller.token, {
    kind: 'file',
    repo: grant.repo,
    expiresAt,
    headers,
    file,
    open,
    onEnd: countFor(counters, grant),
  });
}

/** Counts an answer with bytes, at its end. */
function countFor(counters: Counters | undefined, { repo }: Grant): (bytes: number) => void {
  return (bytes) => counters?.add(repo, { requests: 1, bytesToClients: bytes });
}

async function openHeld(files: Files, grant: Grant): Promise<ByteReader | undefined> {
  if (!files.isHeld(grant) || files.isSuspect(grant)) return undefined;
  const opened = await files.open(grant, { extent: 'range', start: 0, end: grant.entry.size });
  if (opened.cache === 'hit' && opened.verified === 'blob') return opened.reader;
  opened.reader.close();
  return undefined;
}

/** A range that covers the file is a download of the file: it completes the fill. */
function extentOf(plan: FilePlan, size: number): 'whole' | 'range' {
  return plan.start === 0 && plan.end === size ? 'whole' : 'range';
}

const span = ({ start, end }: FilePlan): { start: number; end: number } => ({ start, end });
const isNotSize = ([name]: Header): boolean => name !== 'Content-Length' && name !== 'X-Linked-Size';
const pairs = (headers: readonly Header[]): [string, string][] => headers.map(([name, value]) => [name, value]);
