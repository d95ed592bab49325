import { toHex } from '../../base/hex.ts';
import { SwarmError } from '../../errors.ts';
import { repoName } from '../../hub-format/repo-id.ts';
import { parseTorrent } from '../../metainfo/parse-torrent.ts';
import { parseRepoSubject, type RepoSubject } from '../repo-plan.ts';
import { boundedBody, readTorrentInput, type TorrentInput, torrentInput } from '../torrent-input.ts';
import type { AddRequest } from './engine-api.ts';

const ASK_MS = 30_000;

/** What a page wants, and under which name it goes here. */
export interface FoundTorrent {
  /** Info-hash in hex: of v1, else of v2. */
  readonly key: string;
  readonly input: TorrentInput;
  /** The repo it is of. */
  readonly group: string | undefined;
}

/**
 * Finds what a page asks for: a magnet link, a torrent file or its URL, an info-hash, or a repo or file of the Hub, of which the server has the
 * torrent. Rejects with BAD_MAGNET, BAD_TORRENT, TOO_LARGE, UPSTREAM_*, CONFIG; of a repo also with NOT_CACHED (`retryAfterSeconds`: the server
 * fetches it), NOT_REDISTRIBUTABLE, HUB_REFUSED.
 */
export async function findTorrent(
  { input, server }: Pick<AddRequest, 'input' | 'server'>,
  signal: AbortSignal,
): Promise<FoundTorrent> {
  const subject = typeof input === 'string' ? repoSubjectOf(input) : undefined;
  if (subject) return await ofServer(subject, server, signal);
  const found = await readTorrentInput(input, globalThis.fetch.bind(globalThis), signal);
  if (!found) throw new SwarmError('CONFIG', `${input} is no repo, magnet link, URL, or info-hash.`);
  return { key: keyOf(found), input: found, group: undefined };
}

function repoSubjectOf(text: string): RepoSubject | undefined {
  return /^(magnet:|https?:|[0-9a-f]{40}$|[0-9a-f]{64}$)/i.test(text) ? undefined : parseRepoSubject(text);
}

async function ofServer(subject: RepoSubject, server: string | undefined, signal: AbortSignal): Promise<FoundTorrent> {
  const { repo, revision, path } = subject;
  const name = repoName(repo);
  if (server === undefined)
    throw new SwarmError('CONFIG', `${name} is a repo: name the modelswarm server that has its torrents (\`server\`).`);
  const file = path === '' ? '' : `/${path.split('/').map(encodeURIComponent).join('/')}`;
  const url = `${server.replace(/\/+$/, '')}/torrent/${name}@${encodeURIComponent(revision)}${file}`;
  const torrent = torrentInput(parseTorrent(await ask(url, `${name}/${path}`, signal)));
  return {
    key: keyOf(torrent),
    input: { ...torrent, trackers: [...torrent.trackers, [webSocketTracker(server)]] },
    group: name,
  };
}

/** The server's own, which browsers can reach. */
function webSocketTracker(server: string): string {
  const url = new URL('/announce', server);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}

async function ask(url: string, what: string, signal: AbortSignal): Promise<Uint8Array> {
  const limit = AbortSignal.timeout(ASK_MS);
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.any([signal, limit]), credentials: 'omit' });
  } catch (error) {
    signal.throwIfAborted();
    throw new SwarmError('UPSTREAM_UNAVAILABLE', `${new URL(url).host} cannot be reached for the torrent of ${what}.`, {
      cause: error,
    });
  }
  if (!response.ok) throw await refusal(response, what);
  return await boundedBody(response, url);
}

/** Why there is no torrent, in the server's words. */
async function refusal(response: Response, what: string): Promise<SwarmError> {
  const seconds = Number(response.headers.get('retry-after'));
  const wait = seconds > 0 ? { retryAfterSeconds: seconds } : {};
  const { error, code } = await refusalDocument(response);
  const message = `There is no torrent of ${what}: ${typeof error === 'string' ? error.slice(0, 300) : `HTTP ${response.status}`}`;
  if (code === 'NOT_CACHED') return new SwarmError('NOT_CACHED', message, wait);
  if (code === 'NOT_REDISTRIBUTABLE') return new SwarmError('NOT_REDISTRIBUTABLE', message);
  if (response.status === 429) return new SwarmError('RATE_LIMITED', message, wait);
  if (response.status >= 500) return new SwarmError('UPSTREAM_UNAVAILABLE', message, wait);
  return new SwarmError('HUB_REFUSED', message);
}

async function refusalDocument(response: Response): Promise<{ readonly error?: unknown; readonly code?: unknown }> {
  try {
    return Object(JSON.parse(new TextDecoder().decode(await boundedBody(response, response.url))));
  } catch {
    return {};
  }
}

function keyOf({ names }: TorrentInput): string {
  const hash = names.infoHash ?? names.infoHashV2;
  if (!hash) throw new SwarmError('BAD_MAGNET', 'It has no info-hash.');
  return toHex(hash);
}
