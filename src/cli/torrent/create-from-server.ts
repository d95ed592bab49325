import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { isSwarmError, SwarmError } from '../../errors.ts';
import type { Variant } from '../../metainfo/canonical.ts';
import { parseTorrent } from '../../metainfo/parse-torrent.ts';
import type { Torrent } from '../../metainfo/torrent.ts';
import { createServer } from '../../server/create-server.ts';
import { loadConfig } from '../config.ts';
import { createLog } from '../log.ts';
import { serverOptions } from '../server-options.ts';
import type { Terminal } from '../terminal.ts';
import { type Progress, showProgress } from './progress.ts';

/** `org/name`, `datasets/org/name`, with `@revision`, and the path of a file behind it. */
const REPO = /^(?:(?:datasets|spaces)\/)?[\w.-]+\/[\w.-]+(?:@[^/]+)?(?:\/.+)?$/;
const POLL_MS = 500;
/** For the one client that we are, whoever else the configuration of `serve` is for. */
const PRIVATE = { host: '127.0.0.1', port: 0, shutdownTimeout: 0, clientTokens: [], torrents: true };

const statusSchema = z.object({
  status: z.enum(['ready', 'preparing', 'failed']),
  progress: z.number(),
  size: z.number(),
  error: z.object({ message: z.string() }).nullable(),
});

export interface FromServerOptions {
  readonly variant: Variant;
  /** A running server; without it one is started for this, with the configuration of `serve`. */
  readonly server: string | undefined;
  readonly upstream: string | undefined;
  readonly dataDir: string | undefined;
  readonly terminal: Terminal;
}

/** Does this name a repo, or a file of one? */
export function looksLikeRepo(text: string): boolean {
  return REPO.test(text);
}

/**
 * The torrent of a repo or of one of its files, of which a server holds the bytes or fetches them now. Web seeds and trackers are the
 * server's. Throws what the server said, as UPSTREAM_INVALID, CONFIG, DATA_DIR_LOCKED, UPSTREAM_UNAVAILABLE.
 */
export async function createFromServer(repo: string, options: FromServerOptions): Promise<Torrent> {
  if (options.server !== undefined) return await ask(options.server.replace(/\/+$/, ''), repo, options);
  const { upstream, dataDir, terminal } = options;
  const flags = {
    ...(upstream === undefined ? {} : { upstream }),
    ...(dataDir === undefined ? {} : { dataDir: [dataDir] }),
  };
  const { values } = await loadConfig({ flags, environment: terminal.environment });
  const logger = createLog({ level: 'error', format: 'auto', stderr: terminal.stderr });
  const server = createServer({ ...serverOptions(values, logger), ...PRIVATE });
  const running = await server.listen().catch((error: unknown) => {
    if (!isSwarmError(error, 'DATA_DIR_LOCKED')) throw error;
    throw new SwarmError('DATA_DIR_LOCKED', `${error.message}; or ask that one: --server http://127.0.0.1:8080`);
  });
  try {
    return await ask(running.url, repo, options);
  } finally {
    await running.close();
  }
}

async function ask(server: string, repo: string, { variant, terminal }: FromServerOptions): Promise<Torrent> {
  const path = encodeRepo(repo);
  let progress: Progress | undefined;
  try {
    for (;;) {
      const status = statusSchema.safeParse(await json(`${server}/model/${path}?format=json`, terminal.stop));
      if (!status.success)
        throw new SwarmError('UPSTREAM_INVALID', `${server} is no modelswarm server, or another version.`);
      const { status: state, progress: share, size } = status.data;
      if (state === 'ready') break;
      progress ??= showProgress(terminal, 'fetching', size);
      progress.update(share * size);
      await setTimeout(POLL_MS, undefined, { signal: terminal.stop });
    }
  } finally {
    progress?.stop();
  }
  const version = variant === 'default' ? '' : `&v=${variant.slice(1)}`;
  const response = await get(`${server}/torrent/${path}?wait=60${version}`, terminal.stop);
  if (!response.ok) throw refusal(await response.text(), response.status);
  return parseTorrent(new Uint8Array(await response.arrayBuffer()));
}

async function json(url: string, signal: AbortSignal): Promise<unknown> {
  const response = await get(url, signal);
  const text = await response.text();
  if (!response.ok) throw refusal(text, response.status);
  return JSON.parse(text);
}

async function get(url: string, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, { signal });
  } catch (cause) {
    signal.throwIfAborted();
    throw new SwarmError('UPSTREAM_UNAVAILABLE', `${new URL(url).origin} cannot be reached.`, { cause });
  }
}

/** The server's own words: of an error document, or of a status document that failed. */
function refusal(text: string, status: number): SwarmError {
  let message = `The server answered ${status}.`;
  try {
    const { error } = JSON.parse(text);
    message = typeof error === 'string' ? error : (error?.message ?? message);
  } catch {
    // Something in between has answered.
  }
  return new SwarmError('UPSTREAM_INVALID', message);
}

function encodeRepo(repo: string): string {
  const encode = (text: string): string => text.split('/').map(encodeURIComponent).join('/');
  const [, name = repo, revision, rest = ''] = /^([^@]*\/[^@/]+)@([^/]+)(.*)$/.exec(repo) ?? [];
  // The slashes of a revision are typed percent-encoded.
  return revision === undefined
    ? encode(repo)
    : `${encode(name)}@${revision.replace(/%2f/gi, '/').split('/').map(encodeURIComponent).join('%2F')}${encode(rest)}`;
}
