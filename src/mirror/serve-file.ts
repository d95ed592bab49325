import type { RepoRef, Revision } from '../contracts/domain.ts';
import type { Exchange } from '../http/exchange.ts';
import { serveGranted } from '../http/serve-granted.ts';
import type { MirrorOptions } from './mirror-options.ts';

/** A file as a route names it. */
export interface FileTarget {
  readonly repo: RepoRef;
  readonly revision: Revision;
  readonly path: string;
}

/**
 * `/resolve/` and its alias: the bytes of a file, or a part of them, for whoever the Hub lets have them. A HEAD is
 * answered from metadata alone. Throws what `repos.entry` and `files.open` throw.
 */
export async function serveFile(options: MirrorOptions, exchange: Exchange, target: FileTarget): Promise<Response> {
  const { caller, signal } = exchange;
  const grant = await options.repos.entry(caller, target.repo, target.revision, target.path, signal);
  return serveGranted(options, exchange, grant, target.revision, { ignoreConditions: false });
}
