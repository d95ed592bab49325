import type { RepoType } from '../../contracts/domain.ts';
import { type Answer, jsonAnswer } from '../answer.ts';
import { flag, type HubRequest, wholeNumber } from '../hub-state.ts';
import { type RepoState, repoName } from '../sample-repo.ts';
import { pick, repoInfo } from './repo-info.ts';

const SHORT_FIELDS = [
  'private',
  'gated',
  'likes',
  'downloads',
  'tags',
  'pipeline_tag',
  'library_name',
  'createdAt',
  'modelId',
];

/** `GET /api/{models|datasets|spaces}?search=&author=&filter=&pipeline_tag=&sort=&direction=&limit=&full=&expand=`. */
export function answerRepoList(request: HubRequest, type: RepoType): Answer {
  const { hub, query, account } = request;
  const visible = hub.repos.all(type).filter((repo) => {
    if (repo.access.disabled) return false;
    return !repo.access.private || hub.accounts.mayRead(account, repoName(repo));
  });
  const found = sorted(
    visible.filter((repo) => matches(repo, query)),
    query,
  );
  const limit = wholeNumber(query, 'limit', { least: 1, most: 1000, fallback: 1000 });
  const start = cursorStart(query.get('cursor'));
  const expand = query.getAll('expand').flatMap((names) => names.split(','));
  const page = found.slice(start, start + limit).flatMap((repo) => {
    const commit = repo.resolve('main');
    if (!commit) return [];
    const info = repoInfo(repo, commit);
    return flag(query, 'full') ? [info] : [pick(info, expand.length > 0 ? expand : SHORT_FIELDS)];
  });
  if (start + limit >= found.length) return jsonAnswer(200, page);
  const next = new URLSearchParams(query);
  next.set('cursor', Buffer.from(JSON.stringify({ offset: start + limit })).toString('base64'));
  return jsonAnswer(200, page, { link: `<${hub.url}${request.rawPath}?${next}>; rel="next"` });
}

function matches(repo: RepoState, query: URLSearchParams): boolean {
  const search = query.get('search')?.toLowerCase() ?? '';
  const author = query.get('author');
  const pipelineTag = query.get('pipeline_tag');
  const tags = new Set([...(repo.card.tags ?? []), `license:${repo.card.license ?? ''}`]);
  return (
    repo.id.toLowerCase().includes(search) &&
    (author === null || repo.id.startsWith(`${author}/`)) &&
    (pipelineTag === null || repo.card.pipelineTag === pipelineTag) &&
    query.getAll('filter').every((filter) => filter.split(',').every((tag) => tags.has(tag)))
  );
}

function sorted(repos: readonly RepoState[], query: URLSearchParams): RepoState[] {
  const key = query.get('sort');
  if (key !== 'downloads' && key !== 'likes') return [...repos];
  const sign = query.get('direction') === '1' ? 1 : -1;
  return repos.toSorted((a, b) => sign * ((a.card[key] ?? 0) - (b.card[key] ?? 0)));
}

function cursorStart(cursor: string | null): number {
  const match = /^\{"offset":(\d{1,9})\}$/.exec(Buffer.from(cursor ?? '', 'base64').toString());
  return match ? Number(match[1]) : 0;
}
