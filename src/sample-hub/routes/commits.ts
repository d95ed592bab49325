import { type Answer, jsonAnswer } from '../answer.ts';
import type { RepoRequest } from '../hub-state.ts';
import { hubDate } from './listed-entry.ts';

/** `GET /api/{type}/{repo}/commits/{revision}?p=&limit=`: newest first. */
export function answerCommits(request: RepoRequest): Answer {
  const { repo, commit, query } = request;
  const history = repo.history(commit);
  const limit = Math.min(Math.max(Number(query.get('limit')) || 50, 1), 1000);
  const page = Math.max(Number(query.get('p')) || 0, 0);
  const commits = history.slice(page * limit, (page + 1) * limit).map((one) => ({
    id: one.id,
    title: one.message,
    message: '',
    authors: [{ user: one.author }],
    date: hubDate(one.seconds),
  }));
  const headers: Record<string, string> = { 'x-total-count': String(history.length) };
  if ((page + 1) * limit < history.length) {
    const next = new URLSearchParams(query);
    next.set('p', String(page + 1));
    headers.link = `<${request.hub.url}${request.rawPath}?${next}>; rel="next"`;
  }
  return jsonAnswer(200, commits, headers);
}
