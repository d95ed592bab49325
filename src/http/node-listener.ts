import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener, type HttpBindings, RequestError } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Clock } from '../contracts/clock.ts';
import type { Logger } from '../contracts/logger.ts';
import { SwarmError } from '../errors.ts';
import { bearerToken } from './authorization.ts';
import { BufferPool } from './buffer-pool.ts';
import { plainError } from './error-response.ts';
import { takeFileBody } from './file-body.ts';
import { answerHot } from './hot-answer.ts';
import type { HotEntry, HotTable } from './hot-table.ts';
import { failureResponse, pathOf } from './request-frame.ts';
import { requestId } from './request-id.ts';
import { createFileSender, type Pace, type SendResult } from './send-file.ts';

export interface NodeListenerOptions {
  /** The app (`hono.fetch`). Its answers are framed already (request-frame.ts). */
  readonly fetch: (request: Request, env: HttpBindings) => Response | Promise<Response>;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly hot?: HotTable | undefined;
  /**
   * For whom the hot table may be asked; undefined sends the request the long way, where all rules run.
   * Default: whoever the bearer token says.
   */
  readonly hotCaller?: ((incoming: IncomingMessage) => HotCaller | undefined) | undefined;
  /** Bandwidth limits for file bodies. */
  readonly pace?: Pace | undefined;
}

/** As in `Caller`: the token that an answer was given for, if any. */
export interface HotCaller {
  readonly token?: string | undefined;
}

/** A dot segment, written in any way that URL parsers take for one (WHATWG URL, section 4.4). */
const DOT_SEGMENT = /^[^?#]*[/\\](?:\.|%2e){1,2}(?:[/\\?#]|$)/i;

/** A `node:http` request listener. */
export type NodeListener = (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;

/**
 * Serves an app on `node:http`: hot answers without building a Request, file bodies from pooled buffers straight to the
 * socket, and everything else through @hono/node-server. Never rejects; what breaks becomes a 500 with a request id, or
 * a cut connection when the head was already out.
 */
export function createNodeListener(options: NodeListenerOptions): NodeListener {
  const { logger, clock, hot } = options;
  const pool = new BufferPool();
  const sender = createFileSender({ pool, pace: options.pace });
  const hotOptions = { pool, sender, paced: options.pace !== undefined };

  const listener = getRequestListener(
    async (request, env) => {
      const { incoming, outgoing } = env as HttpBindings;
      // `request.url` no longer shows them: they would be resolved, and another path asked for than the one that was written.
      if (DOT_SEGMENT.test(incoming.url ?? '/')) {
        const error = new SwarmError('BAD_REQUEST', 'The URL path contains the segment "." or "..".');
        return failureResponse(error, pathOf(request.url), requestId(undefined), logger);
      }
      const response = await options.fetch(request, env as HttpBindings);
      const body = takeFileBody(response);
      if (!body) return response;
      const path = pathOf(request.url);
      const id = response.headers.get('x-request-id') ?? requestId(undefined);
      try {
        report(await sender.send(outgoing, response.status, [...response.headers].flat(), body), path, id);
        return RESPONSE_ALREADY_SENT;
      } catch (error) {
        return failureResponse(error, path, id, logger);
      }
    },
    {
      errorHandler(error) {
        if (error instanceof RequestError) return plainError(400, 'BAD_REQUEST', 'Malformed request', 'api');
        return failureResponse(error, '/api/', requestId(undefined), logger);
      },
    },
  );

  function report(result: SendResult, path: string, id: string): void {
    if (result.outcome !== 'failed') return;
    const reason = result.error instanceof Error ? result.error.message : String(result.error);
    logger.warn({ requestId: id, path, bytes: result.bytes, reason }, 'answer cut short');
  }

  async function serveHot(entry: HotEntry, incoming: IncomingMessage, outgoing: ServerResponse): Promise<boolean> {
    const startedAt = clock.now();
    const header = incoming.headers['x-request-id'];
    const id = requestId(typeof header === 'string' ? header : undefined);
    const answer = await answerHot(entry, incoming, outgoing, id, hotOptions);
    if (!answer) return false;
    const { status, result } = answer;
    const path = pathOf(incoming.url ?? '/');
    report(result, path, id);
    const milliseconds = clock.now() - startedAt;
    logger.debug(
      { requestId: id, method: incoming.method, path, status, bytes: result.bytes, hot: true, milliseconds },
      'request',
    );
    return true;
  }

  const hotCaller = options.hotCaller ?? bearerCaller;
  return async (incoming, outgoing) => {
    const { method, url } = incoming;
    if (hot && url && (method === 'GET' || method === 'HEAD')) {
      const caller = hotCaller(incoming);
      const entry = caller && hot.find(url, caller.token);
      if (entry) {
        if (await serveHot(entry, incoming, outgoing)) return;
        hot.drop(url, caller.token);
      }
    }
    await listener(incoming, outgoing);
  };
}

/** Another scheme than Bearer is not the same as no token: such a request goes the long way. */
function bearerCaller(incoming: IncomingMessage): HotCaller | undefined {
  const { authorization } = incoming.headers;
  if (authorization === undefined) return {};
  const token = bearerToken(authorization);
  return token === undefined ? undefined : { token };
}
