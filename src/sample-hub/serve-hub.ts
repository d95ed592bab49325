import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Answer, refusalAnswer } from './answer.ts';
import { answerHub } from './answer-hub.ts';
import { corsHeaders } from './cors.ts';
import { withWeakEtag } from './etag.ts';
import { bearerToken, type ExchangeContext, exchange } from './exchange.ts';
import type { FaultTarget } from './fault.ts';
import type { HubState } from './hub-state.ts';
import { parseRoute, type Route } from './route.ts';
import { repoName } from './sample-repo.ts';

const MOST_BODY_BYTES = 4 << 20;

/** Serves one request to the hub. */
export async function serveHub(
  context: ExchangeContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { hub } = context;
  const { rawPath, query } = splitUrl(request.url ?? '/');
  const route = readRoute(rawPath);
  const repo = route?.repo && hub.repos.find(route.repo.type, route.repo.id);
  const target: FaultTarget = {
    host: 'hub',
    kind: route?.kind ?? 'other',
    method: request.method ?? 'GET',
    repo: repo && repoName(repo),
    path: route?.path,
  };
  const account = hub.accounts.find(bearerToken(request) ?? '');
  const caller = account?.token ?? request.socket.remoteAddress ?? '';
  await exchange(context, request, response, target, async (rules, fault) => {
    const limit = hub.limiter.count(caller, target.kind);
    const answer = async (): Promise<Answer> => {
      if (limit.exceeded) return hub.limiter.refusal(target.kind, limit.seconds);
      if (!route) return refusalAnswer({ status: 400, message: 'Bad request' }, 'json');
      const hasBadToken = request.headers.authorization !== undefined && account === undefined;
      const entryFault = (path: string) => hub.faults.forEntry(rules, target, path);
      const asked = { hub, method: target.method, rawPath, query, headers: request.headers, route, account, fault };
      return answerHub({ ...asked, entryFault, readBody: () => readBody(request) }, hasBadToken);
    };
    const made = withWeakEtag(await answer(), request.headers['if-none-match']);
    return { ...made, headers: { ...commonHeaders(request, hub), ...limit.headers, ...made.headers } };
  });
}

function commonHeaders(request: IncomingMessage, hub: HubState): Record<string, string> {
  const seconds = Math.floor(hub.clock.now() / 1000).toString(16);
  return {
    ...corsHeaders(request.headers.origin, hub.url),
    'x-powered-by': 'huggingface-moon',
    'x-request-id': `Root=1-${seconds}-${randomUUID().replaceAll('-', '').slice(0, 24)}`,
    'referrer-policy': 'strict-origin-when-cross-origin',
    'cross-origin-opener-policy': 'same-origin',
  };
}

function splitUrl(url: string): { rawPath: string; query: URLSearchParams } {
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

/** Undefined when the body is too large. */
async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length <= MOST_BODY_BYTES) chunks.push(chunk);
  }
  return length > MOST_BODY_BYTES ? undefined : new Uint8Array(Buffer.concat(chunks));
}
