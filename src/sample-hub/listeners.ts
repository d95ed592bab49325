import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Answer, emptyAnswer, refusalAnswer, textAnswer } from './answer.ts';
import { answerCdn, cdnTarget } from './answer-cdn.ts';
import { answerHub } from './answer-hub.ts';
import { corsHeaders } from './cors.ts';
import { type Fault, type FaultRule, type FaultTarget, mergeFaults } from './fault.ts';
import type { HubState } from './hub-state.ts';
import { refuse } from './rate-limit.ts';
import type { LoggedRequest, RequestLog } from './request-log.ts';
import { parseRoute, type Route } from './route.ts';
import { repoName } from './sample-repo.ts';
import { sendAnswer } from './send-answer.ts';

const MOST_BODY_BYTES = 4 << 20;

/** What both listeners need. */
export interface ListenerContext {
  readonly hub: HubState;
  readonly log: RequestLog;
  readonly signal: AbortSignal;
}

/** Listens on 127.0.0.1. Returns the server and its URL without a trailing slash. */
export async function listen(
  handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  port: number,
): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    handle(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return { server, url: `http://127.0.0.1:${bound}` };
}

/** Serves one request to the hub. */
export async function serveHub(
  context: ListenerContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { hub } = context;
  const { rawPath, query } = splitUrl(request);
  const route = readRoute(rawPath);
  const repo = route?.repo && hub.repos.find(route.repo.type, route.repo.id);
  const target: FaultTarget = {
    host: 'hub',
    kind: route?.kind ?? 'other',
    method: request.method ?? 'GET',
    repo: repo && repoName(repo),
    path: route?.path,
  };
  const token = bearerToken(request);
  const account = token === undefined ? undefined : hub.accounts.find(token);
  const caller = account?.token ?? request.socket.remoteAddress ?? '';
  await serve(context, request, response, target, async (rules, fault) => {
    const limit = hub.limiter.count(caller, target.kind);
    const answer = limit.exceeded
      ? refuse(limit.headers)
      : route === undefined
        ? refusalAnswer({ status: 400, message: 'Bad request' }, 'json')
        : await answerHub(
            {
              hub,
              method: target.method,
              rawPath,
              query,
              headers: request.headers,
              route,
              account,
              fault,
              entryFault: (path) => hub.faults.forEntry(rules, target, path),
              readBody: () => readBody(request),
            },
            request.headers.authorization !== undefined && account === undefined,
          );
    return { ...answer, headers: { ...hubHeaders(request, hub, limit.headers), ...answer.headers } };
  });
}

/** Serves one request to the second origin. */
export async function serveCdn(
  context: ListenerContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { hub } = context;
  const found = cdnTarget(hub, request.url ?? '/');
  const method = request.method ?? 'GET';
  const repo = found && repoName(found.repo);
  const target: FaultTarget = { host: 'cdn', kind: 'cdn', method, repo, path: found?.file.path };
  await serve(context, request, response, target, async () => answerCdn(found, method, request.headers));
}

/** Applies faults around an answer, sends it, and writes it down. */
async function serve(
  { hub, log, signal }: ListenerContext,
  request: IncomingMessage,
  response: ServerResponse,
  target: FaultTarget,
  makeAnswer: (rules: readonly FaultRule[], fault: Fault) => Promise<Answer>,
): Promise<void> {
  const at = hub.clock.now();
  const rules = hub.faults.strike(target);
  const fault = mergeFaults(rules);
  let status = 0;
  let bytesSent = 0;
  try {
    if (fault.delay !== undefined) await hub.clock.sleep(fault.delay, signal);
    if (fault.reset) {
      request.socket.destroy();
      return;
    }
    const answer = faultAnswer(hub, fault, target) ?? (await makeAnswer(rules, fault));
    status = answer.status;
    const onSent = (bytes: number, isFile: boolean) => {
      bytesSent += bytes;
      if (isFile) log.countFileBytes(target.repo ?? '', target.path ?? '', bytes);
    };
    await sendAnswer(request, response, answer, { clock: hub.clock, rules, onSent, signal });
  } finally {
    log.add(logged(request, target, { at, status, bytesSent }));
    for (const rule of rules) rule.fault.after?.();
  }
}

/** The answer that a fault puts in place of the real one. */
function faultAnswer(hub: HubState, fault: Fault, target: FaultTarget): Answer | undefined {
  if (fault.status === undefined) return undefined;
  if (fault.status === 429) return hub.limiter.refusal(target.kind, fault.retryAfter ?? 1);
  const headers: Record<string, string> =
    fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) };
  if (fault.status < 400) return emptyAnswer(fault.status, headers);
  return textAnswer(fault.status, `${fault.status} from the sample hub`, headers);
}

function logged(
  request: IncomingMessage,
  target: FaultTarget,
  outcome: { readonly at: number; readonly status: number; readonly bytesSent: number },
): LoggedRequest {
  const { host, kind, method, repo, path } = target;
  const { range, 'user-agent': userAgent } = request.headers;
  return {
    method,
    url: request.url ?? '/',
    host,
    kind,
    repo,
    path,
    range,
    userAgent,
    token: bearerToken(request),
    ...outcome,
  };
}

function hubHeaders(
  request: IncomingMessage,
  hub: HubState,
  rateLimit: Record<string, string>,
): Record<string, string> {
  return {
    ...corsHeaders(request.headers.origin, hub.url),
    ...rateLimit,
    'x-powered-by': 'huggingface-moon',
    'x-request-id': `Root=1-${Math.floor(hub.clock.now() / 1000).toString(16)}-${randomUUID().replaceAll('-', '').slice(0, 24)}`,
    'referrer-policy': 'strict-origin-when-cross-origin',
    'cross-origin-opener-policy': 'same-origin',
  };
}

function splitUrl(request: IncomingMessage): { rawPath: string; query: URLSearchParams } {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  if (mark === -1) return { rawPath: url, query: new URLSearchParams() };
  return { rawPath: url.slice(0, mark), query: new URLSearchParams(url.slice(mark + 1)) };
}

/** Undefined when the percent-encoding is broken. */
function readRoute(rawPath: string): Route | undefined {
  try {
    return parseRoute(rawPath);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

function bearerToken(request: IncomingMessage): string | undefined {
  return /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
}

async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > MOST_BODY_BYTES) throw new RangeError('the request body is too large');
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
