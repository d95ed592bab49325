import type { Caller, Repos } from '../contracts/access.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Files } from '../contracts/files.ts';
import type { Logger } from '../contracts/logger.ts';
import { isSwarmError, SwarmError } from '../errors.ts';
import { type Exchange, readExchange } from '../http/exchange.ts';
import { parseSeedPath, type SeedTarget } from '../hub-format/seed-path.ts';
import type { CanonicalLayout, SealedTorrent, Variant } from '../metainfo/canonical.ts';
import { errorAnswer, jsonAnswer } from './answers.ts';
import type { StatusDocument } from './documents.ts';
import type { HeldHashes } from './held-hashes.ts';
import { magnetAnswer } from './magnet-answer.ts';
import { Preparer } from './preparer.ts';
import type { RedistributionRule } from './redistribution.ts';
import { describeSubject, findSubject, type Subject } from './subject.ts';
import { type TorrentFileOptions, torrentFileAnswer } from './torrent-file-answer.ts';
import type { TorrentLibrary } from './torrent-library.ts';

/** Clients are told to ask again after this. */
const RETRY_SECONDS = 2;
/** What is held needs no network, only hashing: the answer waits for it this long. */
const HASHING_PATIENCE_MS = 2000;
/** `?wait=` at most; proxies in between give up on longer silence anyway. */
const LONGEST_WAIT_SECONDS = 600;

export interface TorrentsOptions extends TorrentFileOptions {
  readonly repos: Repos;
  readonly files: Files;
  readonly held: HeldHashes;
  readonly library: TorrentLibrary;
  readonly rule: RedistributionRule;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Torrents {
  /**
   * Answers `/model`, `/torrent` and `/magnet`; undefined for other paths. What goes wrong is a JSON answer, too. Throws only what is a
   * bug, and `signal.reason`.
   */
  answer(request: Request, caller: Caller): Promise<Response | undefined>;
  /** Ends what is being prepared. */
  close(): Promise<void>;
}

/** The routes that turn files and repos into torrents. */
export function createTorrents(options: TorrentsOptions): Torrents {
  const service = new TorrentService(options);
  return {
    async answer(request, caller) {
      const exchange = readExchange(request, caller);
      try {
        const target = parseSeedPath(exchange.pathname);
        if (target === undefined || target.route === 'hf') return undefined;
        return await service.answer(exchange, target);
      } catch (error) {
        return errorAnswer(error);
      }
    },
    close: () => service.close(),
  };
}

class TorrentService {
  readonly #options: TorrentsOptions;
  readonly #library: TorrentLibrary;
  readonly #preparer: Preparer;

  constructor(options: TorrentsOptions) {
    this.#options = options;
    this.#library = options.library;
    this.#preparer = new Preparer(options);
  }

  close(): Promise<void> {
    return this.#preparer.close();
  }

  async answer(exchange: Exchange, target: SeedTarget): Promise<Response> {
    const { method, query, caller, signal } = exchange;
    if (method !== 'GET' && method !== 'HEAD') {
      const answer = errorAnswer(new SwarmError('BAD_REQUEST', 'Only GET and HEAD are possible here.'));
      return new Response(answer.body, { status: 405, headers: [...answer.headers, ['Allow', 'GET, HEAD, OPTIONS']] });
    }
    const revision = target.revision ?? query.get('revision') ?? 'main';
    const subject = await findSubject(this.#options, caller, target, revision, signal);
    const variant = readVariant(query.get('v'));
    if (target.route === 'model') return this.#model(exchange, subject, variant);
    const sealed = await this.#find(exchange, subject, variant).catch((error: unknown) => this.#refuse(error, subject));
    if (sealed instanceof Response) return sealed;
    return target.route === 'torrent'
      ? torrentFileAnswer(exchange, subject, sealed, this.#options)
      : magnetAnswer(exchange, subject, sealed, this.#options);
  }

  /** The torrent, if it is there or comes within what the caller waits for. Throws NOT_CACHED, or why it cannot come. */
  async #find({ query, caller, signal }: Exchange, subject: Subject, variant: Variant): Promise<SealedTorrent> {
    const layout = this.#library.plan(subject, variant);
    const seconds = Math.min(LONGEST_WAIT_SECONDS, Math.max(0, Number(query.get('wait') ?? 0) || 0));
    const found = await this.#library.find(subject, variant);
    if (found) return found;
    const preparation = this.#preparer.start(subject, layout, caller);
    const patience = Math.max(seconds * 1000, this.#isHeld(subject) ? HASHING_PATIENCE_MS : 0);
    if (patience > 0) await this.#preparer.wait(preparation, patience, signal);
    if (preparation.failure) throw preparation.failure;
    const late = patience > 0 ? await this.#library.find(subject, variant) : undefined;
    if (late) return late;
    throw new SwarmError('NOT_CACHED', `${subject.key} is not here yet. It is being fetched.`, {
      retryAfterSeconds: RETRY_SECONDS,
    });
  }

  #isHeld(subject: Subject): boolean {
    return subject.kind === 'file' && this.#options.files.isHeld(subject.grant);
  }

  #refuse(error: unknown, subject: Subject): Response {
    const { links, torrent } = this.#options.addresses;
    if (isSwarmError(error, 'NOT_CACHED')) return errorAnswer(error, { statusUrl: links(subject).self });
    if (isSwarmError(error, 'TOO_LARGE') && subject.kind === 'repo') {
      return errorAnswer(error, { torrents: fileTorrents(subject, torrent(subject) ?? links(subject).torrent) });
    }
    return errorAnswer(error);
  }

  async #model(exchange: Exchange, subject: Subject, variant: Variant): Promise<Response> {
    const { query, request, caller } = exchange;
    const wantsJson =
      query.get('format') === 'json' || /\bapplication\/json\b/.test(request.headers.get('accept') ?? '');
    let layout: CanonicalLayout;
    try {
      layout = this.#library.plan(subject, variant);
    } catch (error) {
      return this.#refuse(error, subject);
    }
    if (await this.#library.isReady(subject, layout)) {
      const sealed = wantsJson ? undefined : await this.#library.find(subject, variant);
      if (sealed) return torrentFileAnswer(exchange, subject, sealed, this.#options);
      if (wantsJson) return jsonAnswer(200, this.#status(subject, { status: 'ready', progress: 1, error: null }));
    }
    const { failure, bytesDone } = this.#preparer.start(subject, layout, caller);
    if (failure && !wantsJson) return errorAnswer(failure);
    if (failure) return this.#failedAnswer(subject, failure);
    const progress = Math.min(0.999, bytesDone() / subject.size);
    const status = this.#status(subject, { status: 'preparing', progress, error: null });
    const headers = { 'Retry-After': String(RETRY_SECONDS) };
    if (wantsJson || subject.kind === 'repo') return jsonAnswer(202, status, headers);
    const location = query.get('fallback') === 'hub' ? status.links.hub : (status.links.webSeed ?? status.links.hub);
    return jsonAnswer(307, status, { ...headers, Location: location });
  }

  #failedAnswer(subject: Subject, failure: SwarmError): Response {
    const plain = errorAnswer(failure);
    const code = plain.headers.get('x-error-code') ?? failure.code;
    const error = { code, message: failure.hub?.message ?? failure.message };
    const headers = Object.fromEntries([...plain.headers].filter(([name]) => !name.startsWith('content-')));
    return jsonAnswer(plain.status, this.#status(subject, { status: 'failed', progress: 0, error }), headers);
  }

  #status(subject: Subject, state: Pick<StatusDocument, 'status' | 'progress' | 'error'>): StatusDocument {
    return { ...state, size: subject.size, ...describeSubject(subject), links: this.#options.addresses.links(subject) };
  }
}

/** The torrents of a repo's files, for a repo that is too large for one. */
function fileTorrents({ tree }: Extract<Subject, { kind: 'repo' }>, repoTorrent: string): string[] {
  return tree.entries
    .filter(({ size }) => size > 0)
    .map(({ path }) => `${repoTorrent}/${path.split('/').map(encodeURIComponent).join('/')}`);
}

function readVariant(value: string | null): Variant {
  if (value === null || value === '') return 'default';
  if (value === '1') return 'v1';
  if (value === '2') return 'v2';
  throw new SwarmError(
    'BAD_REQUEST',
    '"v" is 1 or 2: the version of BitTorrent that the torrent is for. Without it, both.',
  );
}
