import { missingEntry, refuseBytes } from '../access.ts';
import { type Answer, refusalAnswer } from '../answer.ts';
import { bytesContent } from '../content.ts';
import { contentDisposition } from '../content-disposition.ts';
import { contentType, fileAnswer } from '../file-answer.ts';
import type { RepoRequest } from '../hub-state.ts';

/** `GET|HEAD /{repo}/raw/{revision}/{path}`: what git holds, so the pointer of an LFS file. Ignores `If-None-Match`. */
export function answerRaw(request: RepoRequest): Answer {
  const { hub, repo, commit, path } = request;
  const refused = refuseBytes(hub.accounts, request.account, repo, hub.url);
  if (refused) return refusalAnswer(refused, 'text');
  const file = commit.files.get(path);
  const content = file?.pointer === undefined ? file?.content : bytesContent(file.pointer);
  if (!file || !content) return refusalAnswer(missingEntry(commit.id), 'text');
  return fileAnswer(
    content,
    { range: request.headers.range },
    {
      etag: `"${file.gitOid}"`,
      headers: {
        'content-type': file.pointer === undefined ? contentType(path) : 'text/plain; charset=utf-8',
        'content-disposition': contentDisposition(path, 'inline'),
        'x-repo-commit': commit.id,
      },
    },
  );
}
