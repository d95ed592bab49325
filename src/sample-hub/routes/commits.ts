import { type Answer, jsonAnswer } from '../answer.ts';
import { type RepoRequest, wholeNumber } from '../hub-state.ts';
import { hubDate } from './listed-entry.ts';

/** `GET /api/{type}/{repo}/commits/{revision}?p=&limit=`: newest first. */
export function answerCommits(request: RepoRequest): Answer {
  const { repo, commit, query } = request;
  const history = repo.history(commit);
  const limit = wholeNumber(query, 'limit', { least: 1, most: 1000, fallback: 50 });
  const page = wholeNumber(query, 'p', { least: 0, most: 1e9, fallback: 0 });
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
