import { type Answer, jsonAnswer } from '../answer.ts';
import { flag, type RepoRequest } from '../hub-state.ts';

/** `GET /api/{type}/{repo}/refs[?include_prs=1]`. */
export function answerRefs(request: RepoRequest): Answer {
  const below = (prefix: string, isFullName = false) =>
    [...request.repo.refs]
      .filter(([ref]) => ref.startsWith(prefix))
      .map(([ref, targetCommit]) => ({ name: isFullName ? ref : ref.slice(prefix.length), ref, targetCommit }));
  const refs = { branches: below('refs/heads/'), tags: below('refs/tags/'), converts: below('refs/convert/') };
  return jsonAnswer(
    200,
    flag(request.query, 'include_prs') ? { ...refs, pullRequests: below('refs/pr/', true) } : refs,
  );
}
