import type { Caller, Repos } from '../contracts/access.ts';
import type { ByteReader } from '../contracts/byte-reader.ts';
import { SwarmError } from '../errors.ts';
import { plainError } from '../http/error-response.ts';
import { type Exchange, readExchange } from '../http/exchange.ts';
import { fileResponse } from '../http/file-body.ts';
import { planFile } from '../http/plan-file.ts';
import { type FileServing, serveGranted } from '../http/serve-granted.ts';
import { parseRepoSeedPath, parseSeedPath, type RepoSeedTarget } from '../hub-format/seed-path.ts';

export interface WebSeedOptions extends FileServing {
  readonly repos: Repos;
}

/** Answers `/hf/...` and `/v1/...`; resolves with undefined for other paths. Throws what `repos.entry` and `files.open` throw. */
export type WebSeed = (request: Request, caller: Caller) => Promise<Response | undefined>;

/** A pad is shorter than a piece, and the longest canonical one has 64 MiB. */
const LONGEST_PAD = 64 * 2 ** 20;

/** The bytes of files for BEP 19 clients and for everybody else: held ones, and those that are still coming in. */
export function createWebSeed(options: WebSeedOptions): WebSeed {
  return async (request, caller) => {
    const exchange = readExchange(request, caller);
    const target = readTarget(exchange);
    if (!target) return undefined;
    if (exchange.method !== 'GET' && exchange.method !== 'HEAD') {
      const answer = plainError(405, undefined, 'Only GET and HEAD are possible here.', 'file');
      answer.headers.set('Allow', 'GET, HEAD, OPTIONS');
      return answer;
    }
    const { repo, revision, path, pad } = target;
    if (pad !== undefined) return servePad(exchange, pad);
    const grant = await options.repos.entry(caller, repo, revision, path, exchange.signal);
    return serveGranted(options, exchange, grant, revision, { ignoreConditions: false });
  };
}

interface SeedFile extends Pick<RepoSeedTarget, 'repo' | 'path'> {
  readonly revision: string;
  /** Bytes of zeros that are asked for instead of a file. */
  readonly pad?: number;
}

function readTarget({ pathname, query }: Exchange): SeedFile | undefined {
  const ofRepo = parseRepoSeedPath(pathname);
  if (ofRepo) return readRepoTarget(ofRepo);
  const target = parseSeedPath(pathname);
  if (target?.route !== 'hf') return undefined;
  if (target.path === '')
    throw new SwarmError('BAD_REQUEST', 'A web seed is /hf/owner/name/path: the path is missing.');
  return { repo: target.repo, revision: target.revision ?? query.get('revision') ?? 'main', path: target.path };
}

function readRepoTarget({ repo, commit, name, path }: RepoSeedTarget): SeedFile {
  if (name !== repo.id.slice(repo.id.indexOf('/') + 1)) {
    throw new SwarmError('BAD_REQUEST', `The torrents of ${repo.id} have another name than "${name}".`);
  }
  // BEP 47: clients that do not know pads ask for them as for files.
  const pad = /^\.pad\/(\d{1,8})$/.exec(path)?.[1];
  const isPad = pad !== undefined && Number(pad) > 0 && Number(pad) < LONGEST_PAD;
  return { repo, revision: commit, path, ...(isPad ? { pad: Number(pad) } : {}) };
}

function servePad({ method, request }: Exchange, size: number): Response {
  const plan = planFile(method, (name) => request.headers.get(name), { size, etag: `"pad-${size}"` });
  const headers: [string, string][] = [
    ['Content-Type', 'application/octet-stream'],
    ['X-Content-Type-Options', 'nosniff'],
    ['Cache-Control', 'public, max-age=86400, immutable'],
    ...plan.headers.map(([name, value]): [string, string] => [name, value]),
  ];
  const sendsBytes = method === 'GET' && (plan.status === 200 || plan.status === 206);
  if (!sendsBytes) return new Response(null, { status: plan.status, headers });
  return fileResponse({ reader: zeros(size), start: plan.start, end: plan.end }, { status: plan.status, headers });
}

function zeros(size: number): ByteReader {
  return {
    size,
    async read(buffer, position) {
      const count = Math.min(buffer.length, size - position);
      buffer.fill(0, 0, count);
      return count;
    },
    close() {},
  };
}
