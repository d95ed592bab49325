import type { Clock } from '../contracts/clock.ts';
import type { Logger } from '../contracts/logger.ts';
import { isSwarmError } from '../errors.ts';
import { CORS_HEADERS, preflightResponse } from './cors.ts';
import { errorResponse } from './error-response.ts';
import { requestId } from './request-id.ts';

export interface FrameOptions {
  readonly logger: Logger;
  readonly clock: Clock;
}

/**
 * What every answer has in common, whoever gives it: preflights, a request id, thrown errors as responses, CORS, and
 * one log line at debug. `run` gets the request id. The response that it returns is changed in place, so that its file
 * body stays known. Never rejects.
 */
export async function frameRequest(
  request: Request,
  { logger, clock }: FrameOptions,
  run: (requestId: string) => Promise<Response>,
): Promise<Response> {
  const startedAt = clock.now();
  const id = requestId(request.headers.get('x-request-id'));
  const path = pathOf(request.url);
  const response =
    request.method === 'OPTIONS'
      ? preflightResponse()
      : await run(id).catch((error) => {
          // Nobody reads this answer any more; the number is nginx's for it.
          if (request.signal.aborted && !isSwarmError(error)) return new Response(null, { status: 499 });
          return failureResponse(error, path, id, logger);
        });
  addCommonHeaders(response, id);
  const cache = response.headers.get('cache-status') ?? undefined;
  const milliseconds = clock.now() - startedAt;
  logger.debug(
    { requestId: id, method: request.method, path, status: response.status, cache, milliseconds },
    'request',
  );
  return response;
}

/** A thrown value as a framed answer; failures of ours and of the Hub are logged, refusals are not. */
export function failureResponse(error: unknown, path: string, requestId: string, logger: Logger): Response {
  const response = errorResponse(error, path.startsWith('/api/') || path.startsWith('/-/') ? 'api' : 'file');
  if (!isSwarmError(error)) logger.error({ requestId, path, error }, 'request failed');
  else if (response.status >= 500) {
    logger.warn({ requestId, path, code: error.code, reason: error.message }, 'request failed');
  }
  addCommonHeaders(response, requestId);
  return response;
}

function addCommonHeaders(response: Response, requestId: string): void {
  for (const [name, value] of CORS_HEADERS) response.headers.set(name, value);
  response.headers.set('X-Request-Id', requestId);
}

/** The path of a URL without its query: what a log may show. */
export function pathOf(url: string): string {
  const path = url.replace(/^[a-z]+:\/\/[^/?#]*/i, '');
  const end = path.search(/[?#]/);
  return (end === -1 ? path : path.slice(0, end)).slice(0, 1024) || '/';
}
