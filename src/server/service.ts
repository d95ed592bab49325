import { IncomingMessage } from 'node:http';
import { Hono } from 'hono';
import { SwarmError } from '../errors.ts';
import { plainError } from '../http/error-response.ts';
import { frameRequest } from '../http/request-frame.ts';
import { NEIGHBOUR_PATH, parseQuestion } from '../neighbours/question.ts';
import { jsonAnswer } from '../torrents/answers.ts';
import { type Admit, createAdmit } from './admission.ts';
import { type Composition, compose } from './compose.ts';
import { type Arrival, createGate, type Refusal } from './gate.ts';
import { isLoopbackName } from './host-check.ts';
import { metricsPage } from './metrics.ts';
import { answerOwnRoute, isOwnPath } from './own-routes.ts';
import type { MirrorSettings } from './validate-options.ts';

/** The routes of a server and what stands behind them. */
export interface Service {
  readonly app: Hono;
  readonly admit: Admit;
  /** Says where the server listens: `url` is for torrents (when there is no `publicUrl`), the rest for the local network. */
  listensOn(url: string, socket: { readonly host: string; readonly port: number }): void;
  /** Opens the data directory; later calls share the result. Throws DATA_DIR_LOCKED, DATA_DIR_FORMAT, CONFIG, CLOSED. */
  open(): Promise<Composition>;
  /** Ends everything that `open` started. Idempotent. */
  close(): Promise<void>;
}

/** Makes the service; nothing is opened before the first request or `open()`. Throws CONFIG. */
export function createService(settings: MirrorSettings): Service {
  const { logger, clock, publicUrl } = settings;
  const gate = createGate({ ...settings, hostNames: hostNames(settings), rateLimit: settings.rateLimit });
  const admit = createAdmit(gate);
  // A client's own Host header may say what our address is, because it is used in answers to that client only.
  const origins = new WeakMap<Request, string>();
  let opening: Promise<Composition> | undefined;
  let opened: Composition | undefined;
  let closing: Promise<void> | undefined;
  let address: string | undefined;

  async function open(): Promise<Composition> {
    if (closing) throw new SwarmError('CLOSED', 'The server was closed.');
    opening ??= compose({
      ...settings,
      originOf: (request) => origins.get(request) ?? new URL(request.url).origin,
      baseUrl: () => publicUrl ?? address,
    });
    try {
      opened = await opening;
      return opened;
    } catch (error) {
      // Next time the directory may be unlocked, or its disk mounted.
      opening = undefined;
      throw error;
    }
  }

  async function isReady(): Promise<boolean> {
    if (closing) return false;
    try {
      await open();
      return true;
    } catch (error) {
      logger.error({ error }, 'the data directory cannot be opened');
      return false;
    }
  }

  const wantsToken = settings.clientTokens.length > 0;
  const ownRoutes = { ...settings, wantsToken, usage: () => opened?.usage(), isReady };

  const handle = (request: Request, incoming: IncomingMessage | undefined): Promise<Response> =>
    frameRequest(request, { logger, clock }, async () => {
      const { caller, refusal, scheme } = incoming ? admit(incoming) : gate(arrivalOf(request));
      if (refusal) return refusalResponse(refusal);
      const { origin, host, pathname } = new URL(request.url);
      const url = publicUrl ?? (scheme === undefined ? origin : `${scheme}://${host}`);
      if (pathname === METRICS_PATH) return answerMetrics(request.method, await open());
      if (pathname === TRACKER_PATH) return answerTracker(request.method, await open());
      if (pathname === NEIGHBOUR_PATH) return answerNeighbour(new URL(request.url).searchParams, await open());
      if (pathname.startsWith(FILE_HASHES_PREFIX))
        return (
          (await (await open()).fileHashes.answer(request, caller)) ?? plainError(404, undefined, NOT_MIRRORED, 'api')
        );
      if (isOwnPath(pathname)) return answerOwnRoute(ownRoutes, { method: request.method, pathname, url });
      origins.set(request, url);
      if (pathname === '/hf-stats') return answerStats(request.method, await open());
      // The Hub's own paths first: an owner may be called "hf" or "model".
      const { mirror, torrents, webSeed } = await open();
      const answer =
        (await mirror(request, caller)) ??
        (await torrents?.answer(request, caller)) ??
        (await webSeed(request, caller));
      return answer ?? plainError(404, undefined, NOT_MIRRORED, 'file');
    });

  return {
    app: new Hono().all('*', (context) => handle(context.req.raw, incomingOf(context.env))),
    admit,
    open,
    listensOn(url, { host, port }) {
      address = url;
      opened?.listensOn(isLoopbackName(host) ? 0 : port);
    },
    close() {
      // An opening that failed has nothing to close, and its error went to whoever asked for it.
      closing ??= (opening ?? Promise.resolve(undefined)).then(
        (composition) => composition?.close(),
        () => undefined,
      );
      return closing;
    },
  };
}

const NOT_MIRRORED =
  'This mirror has the files and the API of the Hub; not its web pages, not git, and not the /v2 registry that Ollama reads.';

function answerNeighbour(query: URLSearchParams, composition: Composition): Response {
  const question = parseQuestion(query);
  if (question) return jsonAnswer(200, composition.answerNeighbour(question));
  return plainError(400, 'BAD_REQUEST', 'That is no question of a server of ours.', 'api');
}

const FILE_HASHES_PREFIX = '/-/api/hashes/';
const METRICS_PATH = '/-/metrics';

async function answerMetrics(method: string, { stats, tracker }: Composition): Promise<Response> {
  return method === 'GET' || method === 'HEAD' ? metricsPage(stats(), tracker?.tracker.stats()) : notAllowed();
}

/** How the tracker stands, as numbers. */
const TRACKER_PATH = '/-/api/tracker';

function answerTracker(method: string, { tracker }: Composition): Response {
  if (!tracker) return plainError(404, undefined, 'There is no tracker here (--own-tracker).', 'api');
  if (method === 'GET' || method === 'HEAD') return jsonAnswer(200, tracker.tracker.stats());
  return notAllowed();
}

function notAllowed(): Response {
  const answer = plainError(405, undefined, 'Only GET and HEAD are possible here.', 'api');
  answer.headers.set('Allow', 'GET, HEAD, OPTIONS');
  return answer;
}

function answerStats(method: string, { stats }: Composition): Response {
  return method === 'GET' || method === 'HEAD' ? jsonAnswer(200, stats()) : notAllowed();
}

function hostNames({ allowedHosts, publicUrl }: MirrorSettings): string[] {
  return publicUrl === undefined ? [...allowedHosts] : [...allowedHosts, new URL(publicUrl).hostname];
}

/** The Node request behind a fetch-style one, when the host is @hono/node-server. */
function incomingOf(env: unknown): IncomingMessage | undefined {
  const incoming: unknown = typeof env === 'object' && env !== null ? Reflect.get(env, 'incoming') : undefined;
  return incoming instanceof IncomingMessage ? incoming : undefined;
}

/** What is known about a request on a host that shows no connection. */
function arrivalOf(request: Request): Arrival {
  const { method, url, headers } = request;
  const { host, pathname } = new URL(url);
  const header = (name: string) => headers.get(name) ?? (name === 'host' ? host : undefined);
  return { method, path: pathname, remoteAddress: undefined, localAddress: undefined, header };
}

function refusalResponse({ status, message, headers }: Refusal): Response {
  const response = plainError(status, undefined, message, 'api');
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
  return response;
}
