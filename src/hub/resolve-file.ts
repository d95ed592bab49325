import { isSha1, isSha256 } from '../base/hex.ts';
import type { Commit, RepoRef, Revision } from '../contracts/domain.ts';
import type { HubCall, ResolvedFile } from '../contracts/hub.ts';
import { SwarmError } from '../errors.ts';
import { type EtagHash, etagHash } from '../hub-format/etag.ts';
import { resolvePathname } from '../hub-format/hub-urls.ts';
import { repoName } from '../hub-format/repo-id.ts';
import { askHub, errorFrom, unexpected } from './ask-hub.ts';
import { repoInUrl } from './canonical-repo.ts';
import type { Answer } from './exchange.ts';
import type { HubConnection } from './hub-connection.ts';
import { pathsInfo } from './paths-info.ts';
import { isRedirect, redirectTarget } from './redirects.ts';

/** What the answers to one look-up say about the file. */
interface FileFacts {
  readonly commit?: string;
  readonly size?: number;
  readonly hash?: EtagHash;
  readonly xetHash?: string;
}

function sizeOf(text: string | null): number | undefined {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** The length of a redirect is that of its own text, and the length of a compressed body is not the file's. */
function lengthOfFile({ status, headers }: Answer): number | undefined {
  const isFile = status === 200 && (headers.get('content-encoding') ?? 'identity') === 'identity';
  return isFile ? sizeOf(headers.get('content-length')) : undefined;
}

/**
 * Reads answers in the order in which they came. `X-Linked-*` describe the file wherever they stand; `ETag` and
 * `Content-Length` do so in the last answer only.
 */
function factsIn(answers: readonly Answer[], what: string): FileFacts {
  const first = <T>(read: (answer: Answer) => T | undefined): T | undefined => {
    for (const answer of answers) {
      const value = read(answer);
      if (value !== undefined) return value;
    }
    return undefined;
  };
  const last = answers.at(-1);
  const commits = new Set(answers.map(({ headers }) => headers.get('x-repo-commit')).filter(isSha1));
  if (commits.size > 1) throw new SwarmError('UPSTREAM_INVALID', `The Hub gave two commits for ${what}.`);
  const [commit] = commits;
  const size = first(({ headers }) => sizeOf(headers.get('x-linked-size'))) ?? (last && lengthOfFile(last));
  const hash = first(({ headers }) => etagHash(headers.get('x-linked-etag'))) ?? etagHash(last?.headers.get('etag'));
  const xetHash = first(({ headers }) => headers.get('x-xet-hash') ?? undefined);
  return {
    ...(commit === undefined ? {} : { commit }),
    ...(size === undefined ? {} : { size }),
    ...(hash === undefined ? {} : { hash }),
    ...(isSha256(xetHash) ? { xetHash } : {}),
  };
}

/**
 * Asks what a file is: `HEAD /resolve/`. A plain file is answered by a redirect to `/api/resolve-cache/` (followed only
 * as far as needed) or directly, an LFS file by a redirect to a signed URL, a renamed repo by a redirect first. What
 * the headers leave out comes from `paths-info`.
 *
 * @throws SwarmError HUB_REFUSED, RATE_LIMITED, UPSTREAM_*, INTEGRITY; BAD_REQUEST for names that cannot be.
 */
export async function resolveFile(
  hub: HubConnection,
  repo: RepoRef,
  revision: Revision,
  path: string,
  call: HubCall = {},
): Promise<ResolvedFile> {
  const what = `${repoName(repo)}@${revision} ${path}`;
  const isEnough = (answer: Answer): boolean => {
    const { commit, size, hash } = factsIn([answer], what);
    return commit !== undefined && size !== undefined && hash !== undefined;
  };
  const { answer, hops } = await askHub(
    hub,
    { method: 'HEAD', path: resolvePathname(repo, revision, path), what, isEnough },
    call,
    (followed) => followed,
  );
  if (answer.status >= 400) throw await errorFrom(hub, answer, what);
  answer.body.discard();
  if (answer.status !== 200 && !isRedirect(answer.status)) {
    throw new SwarmError('UPSTREAM_INVALID', unexpected(answer, what));
  }
  const { commit, size, hash, xetHash } = factsIn([...hops, answer], what);
  if (commit === undefined) {
    throw new SwarmError('UPSTREAM_INVALID', `The Hub did not say which commit ${what} belongs to.`);
  }
  const target = isRedirect(answer.status) ? redirectTarget(answer) : undefined;
  const canonical = (target && repoInUrl(hub, target)) ?? repoInUrl(hub, answer.url) ?? repo;
  const named = size !== undefined && hash ? { size, ...hash } : await listed(hub, canonical, commit, path, call);
  const location = target && 'sha256' in named ? { location: target.href } : {};
  return { repo: canonical, commit, path, ...named, ...(xetHash === undefined ? {} : { xetHash }), ...location };
}

/** Size and hash from the listing, for hubs and proxies that drop headers. */
async function listed(
  hub: HubConnection,
  repo: RepoRef,
  commit: Commit,
  path: string,
  call: HubCall,
): Promise<{ readonly size: number } & EtagHash> {
  const [entry] = await pathsInfo(hub, repo, commit, [path], call);
  if (!entry)
    throw new SwarmError('UPSTREAM_INVALID', `The Hub resolves ${repoName(repo)} ${path}, but does not list it.`);
  const { size, gitOid, sha256 } = entry;
  return sha256 === undefined ? { size, gitOid } : { size, sha256 };
}
