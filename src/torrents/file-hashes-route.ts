import pLimit from 'p-limit';
import type { Caller, RepoGrant, Repos } from '../contracts/access.ts';
import type { BlobStore } from '../contracts/blob-store.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Entry, Tree } from '../contracts/domain.ts';
import type { Files } from '../contracts/files.ts';
import { SwarmError } from '../errors.ts';
import { contentOf } from '../fill/content.ts';
import { readExchange } from '../http/exchange.ts';
import { repoName } from '../hub-format/repo-id.ts';
import { parseSeedPath } from '../hub-format/seed-path.ts';
import { errorAnswer, jsonAnswer } from './answers.ts';
import type { FileHashesDocument } from './documents.ts';
import { Preparations, type Work } from './preparations.ts';

const PREFIX = '/-/api/hashes/';
/** Files that are no LFS files are text and small: the Hub keeps more than 10 MB nowhere else. */
const LONGEST_PLAIN = 16 * 1024 * 1024;
/** Of a repo with more of them none is fetched: it is no model. */
const MOST_PLAIN = 500;
const AT_ONCE = 4;
const RETRY_SECONDS = 1;
/** Of no bytes, which nobody stores. */
const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

export interface FileHashesOptions {
  readonly repos: Repos;
  readonly files: Files;
  readonly blobs: Pick<BlobStore, 'find'>;
  readonly clock: Clock;
}

/** Tells the SHA-256 of every file of a public repo, by which pages find files that other sites have loaded (Cross-Origin Storage). */
export interface FileHashesRoute {
  /** Answers `/-/api/hashes/{repo}[@{revision}]`; undefined for other paths. Throws only what is a bug, and `signal.reason`. */
  answer(request: Request, caller: Caller): Promise<Response | undefined>;
  close(): Promise<void>;
}

/**
 * The Hub publishes the SHA-256 of LFS files only: the others are fetched once, behind the answer, which is a 202 until they are here. Of what not
 * everybody may read nothing is told.
 */
export function createFileHashesRoute({ repos, files, blobs, clock }: FileHashesOptions): FileHashesRoute {
  const preparations = new Preparations(clock);
  const turn = pLimit(AT_ONCE);

  const isWanted = ({ size, sha256 }: Entry): boolean => sha256 === undefined && size <= LONGEST_PLAIN;

  function describe({ repo, commit }: RepoGrant, { entries }: Tree): FileHashesDocument {
    return {
      repo: repoName(repo),
      commit,
      files: entries.map((entry) => {
        const empty = entry.size === 0 ? EMPTY_SHA256 : undefined;
        const sha256 = entry.sha256 ?? empty ?? blobs.find(contentOf({ entry, repo }))?.sha256 ?? null;
        return { path: entry.path, size: entry.size, sha256, gitOid: entry.gitOid };
      }),
    };
  }

  function fetchAll({ repo, commit }: RepoGrant, wanted: readonly Entry[], caller: Caller): Work {
    const fetchOne = async ({ path }: Entry, signal: AbortSignal): Promise<void> => {
      const grant = await repos.entry({ client: caller.client }, repo, commit, path, signal);
      await files.fetch(grant, signal);
    };
    return {
      bytesDone: () => 0,
      run: async (signal) => void (await Promise.all(wanted.map((entry) => turn(() => fetchOne(entry, signal))))),
    };
  }

  async function answerFor(request: Request, caller: Caller): Promise<Response> {
    const { pathname, query, signal, method } = readExchange(request, caller);
    if (method !== 'GET' && method !== 'HEAD')
      throw new SwarmError('BAD_REQUEST', 'Only GET and HEAD are possible here.');
    const target = parseSeedPath(`/hf/${pathname.slice(PREFIX.length)}`);
    if (target?.path !== '')
      throw new SwarmError('BAD_REQUEST', `After ${PREFIX} comes a repo, "owner/name@revision".`);
    const revision = target.revision ?? query.get('revision') ?? 'main';
    const { tree, ...grant } = await repos.tree(caller, target.repo, revision, signal);
    if (grant.access !== 'public')
      throw new SwarmError('NOT_ALLOWED', `${repoName(grant.repo)} is not public: hashes of its files are not told.`);
    const document = describe(grant, tree);
    const known = new Map(document.files.map(({ path, sha256 }) => [path, sha256]));
    const wanted = tree.entries.filter((entry) => isWanted(entry) && known.get(entry.path) === null);
    if (wanted.length === 0 || wanted.length > MOST_PLAIN) return jsonAnswer(200, document);
    const key = `${document.repo}@${document.commit}`;
    const { failure } = preparations.start(key, () => fetchAll(grant, wanted, caller));
    if (failure) throw failure;
    return jsonAnswer(202, document, { 'Retry-After': `${RETRY_SECONDS}` });
  }

  return {
    async answer(request, caller) {
      if (!new URL(request.url).pathname.startsWith(PREFIX)) return undefined;
      return answerFor(request, caller).catch(errorAnswer);
    },
    close: () => preparations.close(),
  };
}
