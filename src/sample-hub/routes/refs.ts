import { type Answer, jsonAnswer } from '../answer.ts';
import { flag, type RepoRequest } from '../hub-state.ts';

/** `GET /api/{type}/{repo}/refs[?include_prs=1]`. */
export function answerRefs(request: RepoRequest): Answer {
  const below = (prefix: string) =>
    [...request.repo.refs]
      .filter(([ref]) => ref.startsWith(prefix))
      .map(([ref, targetCommit]) => ({ name: ref.slice(prefix.length), ref, targetCommit }));
  const refs = { tags: below('refs/tags/'), branches: below('refs/heads/'), converts: below('refs/convert/') };
  return jsonAnswer(200, flag(request.query, 'include_prs') ? { ...refs, pullRequests: below('refs/pr/') } : refs);
}
