import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerCdn, cdnTarget } from './answer-cdn.ts';
import { type ExchangeContext, exchange } from './exchange.ts';
import type { FaultTarget } from './fault.ts';
import { repoName } from './sample-repo.ts';

/** Serves one request to the second origin. */
export async function serveCdn(
  context: ExchangeContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = 'GET', url = '/', headers } = request;
  const found = cdnTarget(context.hub, url);
  const repo = found && repoName(found.repo);
  const target: FaultTarget = { host: 'cdn', kind: 'cdn', method, repo, path: found?.file.path };
  await exchange(context, request, response, target, async () => answerCdn(found, { method, url, headers }));
}
