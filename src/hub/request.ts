import type { HubAnswer, HubCall, HubClient } from '../contracts/hub.ts';
import { SwarmError } from '../errors.ts';
import type { AnswerBody } from './answer-body.ts';
import { askHub, unexpected } from './ask-hub.ts';
import type { HubConnection } from './hub-connection.ts';
import { isRedirect } from './redirects.ts';

type RequestInit = Parameters<HubClient['request']>[1];

/** Headers that belong to one hop, or that only this client may set. */
const NOT_PASSED_ON: ReadonlySet<string> = new Set([
  'accept-encoding',
  'authorization',
  'connection',
  'content-length',
  'cookie',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** The media type that makes the Hub answer with Xet coordinates in place of the file. */
const XET_MEDIA_TYPE = 'application/vnd.xet-fileinfo+json';
const MAX_PATH = 16_384;

function passedOn(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (NOT_PASSED_ON.has(lower)) continue;
    if (!/^[\w-]+$/.test(lower) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      throw new SwarmError('BAD_REQUEST', `The header ${JSON.stringify(lower.slice(0, 40))} cannot be passed on.`);
    }
    const accepted = value.split(',').filter((type) => !type.toLowerCase().includes(XET_MEDIA_TYPE));
    kept[lower] = lower === 'accept' ? accepted.join(',').trim() || '*/*' : value;
  }
  return kept;
}

/** A web stream over the body; cancelling it ends the connection. */
function toStream(body: AnswerBody): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = await body.next();
        if (chunk) controller.enqueue(chunk);
        else controller.close();
      },
      cancel() {
        body.destroy();
      },
    },
    { highWaterMark: 0 },
  );
}

function assertRequestPath(path: string): void {
  // Printable ASCII without characters that URL parsers change; `//` would be another host.
  const isPlain = path.length <= MAX_PATH && /^\/(?!\/)[\x21-\x7e]*$/.test(path) && !/[\\#]/.test(path);
  const climbs = path
    .split('?', 1)[0]
    ?.split('/')
    .some((segment) => /^(\.|%2e){1,2}$/i.test(segment));
  if (!isPlain || climbs) throw new SwarmError('BAD_REQUEST', 'The path cannot be asked of the Hub as it stands.');
}

/**
 * Sends any other request to the Hub and hands its answer on, 304 and refusals included.
 *
 * @throws SwarmError RATE_LIMITED, UPSTREAM_*; BAD_REQUEST for a path or method that cannot be.
 */
export async function request(
  hub: HubConnection,
  path: string,
  init: RequestInit,
  call: HubCall = {},
): Promise<HubAnswer> {
  assertRequestPath(path);
  const { method } = init;
  if (method !== 'GET' && method !== 'HEAD' && method !== 'POST') {
    throw new SwarmError('BAD_REQUEST', `The method ${method.slice(0, 20)} is not passed on to the Hub.`);
  }
  const what = `${method} ${path.split('?', 1)[0]}`;
  const question = { method, path, headers: passedOn(init.headers), body: init.body, what } as const;
  const { answer } = await askHub(hub, question, call, (followed) => followed);
  const { status, headers, body } = answer;
  if (isRedirect(status)) {
    body.destroy();
    throw new SwarmError('UPSTREAM_INVALID', unexpected(answer, what));
  }
  if (method === 'HEAD' || status === 204 || status === 304) {
    body.discard();
    return { status, headers, body: null };
  }
  return { status, headers, body: toStream(body) };
}
