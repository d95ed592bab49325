import { missingEntry, refuseBytes } from '../access.ts';
import { type Answer, emptyAnswer, jsonAnswer, redirectAnswer, refusalAnswer } from '../answer.ts';
import { contentDisposition } from '../content-disposition.ts';
import { matchesEtag } from '../etag.ts';
import { contentType, fileAnswer } from '../file-answer.ts';
import { flag, type HubRequest, type RepoRequest } from '../hub-state.ts';
import type { RepoFile } from '../repo-file.ts';
import { repoName } from '../sample-repo.ts';
import { signUrl } from '../signed-url.ts';

const XET_FILE_INFO = 'application/vnd.xet-fileinfo+json';

/** `GET|HEAD /{repo}/resolve/{revision}/{path}`. */
export function answerResolve(request: RepoRequest): Answer {
  const { hub, repo, commit, path, fault } = request;
  const refused = refuseBytes(hub.accounts, request.account, repo, hub.url);
  if (refused) return refusalAnswer(refused, 'text');
  const file = commit.files.get(path);
  if (!file) return refusalAnswer(missingEntry(commit.id), 'text');
  const etag = fault.linkedEtag ?? `"${file.sha256 ?? file.gitOid}"`;
  const headers: Record<string, string> = {
    'x-repo-commit': commit.id,
    'x-linked-etag': etag,
    'accept-ranges': 'bytes',
    'content-security-policy': "default-src 'none'; sandbox",
    'content-disposition': contentDisposition(path, flag(request.query, 'download') ? 'attachment' : 'inline'),
  };
  if (file.pointer === undefined && fault.plainFiles === 'direct') return plainBytes(request, file, headers);
  if (matchesEtag(request.headers['if-none-match'], etag)) return emptyAnswer(304, { ...headers, etag });
  if (fault.linkedSize !== undefined) headers['x-linked-size'] = String(fault.linkedSize);
  if (file.pointer === undefined) return redirectAnswer(307, cacheLocation(request), headers);
  headers['x-linked-size'] ??= String(file.size);
  return lfsAnswer(request, file, headers, etag);
}

/** `GET|HEAD /api/resolve-cache/{type}/{repo}/{commit}/{path}`: where plain files are redirected to. */
export function answerResolveCache(request: RepoRequest): Answer {
  const { repo, commit, path, hub } = request;
  const file = commit.files.get(path);
  if (file?.pointer !== undefined) return answerResolve(request);
  const refused = refuseBytes(hub.accounts, request.account, repo, hub.url);
  if (refused) return refusalAnswer(refused, 'text');
  if (!file) return refusalAnswer(missingEntry(commit.id), 'text');
  const disposition = contentDisposition(path, flag(request.query, 'download') ? 'attachment' : 'inline');
  return plainBytes(request, file, { 'x-repo-commit': commit.id, 'content-disposition': disposition });
}

/** The headers that decide about bytes. */
function bytesRequest(request: HubRequest): { range?: string; ifNoneMatch?: string; acceptEncoding?: string } {
  const { range, 'if-none-match': ifNoneMatch, 'accept-encoding': acceptEncoding } = request.headers;
  return {
    ...(range === undefined ? {} : { range }),
    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }),
    ...(typeof acceptEncoding === 'string' ? { acceptEncoding } : {}),
  };
}

function plainBytes(request: RepoRequest, file: RepoFile, headers: Record<string, string>): Answer {
  const { commit, fault } = request;
  if (!file.content) return refusalAnswer(missingEntry(commit.id), 'text');
  const type = contentType(file.path);
  return fileAnswer(file.content, bytesRequest(request), {
    etag: fault.linkedEtag ?? `"${file.gitOid}"`,
    headers: { ...headers, 'content-type': type, vary: 'Origin, Accept, Accept-Encoding' },
    gzip: fault.gzip !== false && type.startsWith('text/'),
  });
}

function lfsAnswer(request: RepoRequest, file: RepoFile, headers: Record<string, string>, etag: string): Answer {
  const { hub, repo, commit, fault } = request;
  const hash = file.xetHash ?? '';
  const tokenUrl = `${hub.url}/api/${repo.type}/${repo.id}/xet-read-token/${commit.id}`;
  const reconstructionUrl = `${hub.cdnUrl}/v1/reconstructions/${hash}`;
  if (fault.xet !== false) {
    headers['x-xet-hash'] = hash;
    headers.link = `<${tokenUrl}>; rel="xet-auth", <${reconstructionUrl}>; rel="xet-reconstruction-info"`;
    if (request.headers.accept?.includes(XET_FILE_INFO)) {
      const info = { hash, refreshUrl: tokenUrl, reconstructionUrl, etag, size: file.size };
      return jsonAnswer(200, info, { ...headers, 'content-type': XET_FILE_INFO });
    }
  }
  const disposition = headers['content-disposition'] ?? 'inline';
  const target = { objectId: repo.objectId, hash, contentDisposition: disposition };
  const expires = Math.floor(hub.clock.now() / 1000) + (fault.signedUrlSeconds ?? 3600);
  const status = request.headers['user-agent']?.startsWith('ollama/') ? 307 : 302;
  const location = signUrl(hub.cdnUrl, target, expires, hub.signingKey);
  return redirectAnswer(status, location, { ...headers, 'cache-control': 'no-store' });
}

function cacheLocation(request: RepoRequest): string {
  const { repo, commit, path } = request;
  const where = `/api/resolve-cache/${repo.type}/${repo.id}/${commit.id}/${path.split('/').map(encodeURIComponent).join('/')}`;
  const key = encodeURIComponent(`/${repoName(repo)}/resolve/${request.route.revision ?? 'main'}/${path}`);
  const etag = encodeURIComponent(`"${commit.files.get(path)?.gitOid ?? ''}"`);
  return `${where}?${key}=&etag=${etag}${flag(request.query, 'download') ? '&download=true' : ''}`;
}
