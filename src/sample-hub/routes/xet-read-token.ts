import { refuseBytes } from '../access.ts';
import { type Answer, jsonAnswer, refusalAnswer } from '../answer.ts';
import type { RepoRequest } from '../hub-state.ts';

/**
 * `GET /api/{type}/{repo}/xet-read-token/{revision}`. The URL it names is on the second origin, which has no CAS yet and
 * answers 404 there: a client that follows the Xet signals fails, as behind a mirror that leaks them.
 */
export function answerXetReadToken({ hub, account, repo, commit }: RepoRequest): Answer {
  const refused = refuseBytes(hub.accounts, account, repo, hub.url);
  if (refused) return refusalAnswer(refused, 'json');
  const accessToken = `xet-${repo.objectId}-${commit.id.slice(0, 8)}`;
  const exp = Math.floor(hub.clock.now() / 1000) + 900;
  return jsonAnswer(
    200,
    { casUrl: hub.cdnUrl, accessToken, exp },
    { 'x-xet-cas-url': hub.cdnUrl, 'x-xet-access-token': accessToken, 'x-xet-token-expiration': String(exp) },
  );
}
