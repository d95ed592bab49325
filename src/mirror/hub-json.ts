import type { StoredDocument } from '../contracts/catalog.ts';
import type { Clock } from '../contracts/clock.ts';
import type { HubAnswer, HubCall, HubClient } from '../contracts/hub.ts';
import { SwarmError } from '../errors.ts';
import { hubError } from '../hub-format/hub-error.ts';
import { removeXetKeys } from '../hub-format/xet-signals.ts';
import { readBounded } from './bounded-body.ts';

/** The largest JSON answer that we take in. The Hub's own pages stay far below. */
const MAX_JSON_BYTES = 32 * 1024 * 1024;
const MAX_ERROR_BYTES = 64 * 1024;

/** Headers of a JSON answer that clients read. `link` is kept as the Hub wrote it, and rewritten for each client. */
const KEPT = ['link', 'x-total-count'];

export interface HubJsonRequest {
  /** Path and query below the endpoint. */
  readonly path: string;
  /** Sent as JSON, which makes it a POST. */
  readonly body?: unknown;
  readonly call: HubCall;
}

/**
 * Asks the Hub for JSON: without Xet keys, written compactly, since some scripts search it as text.
 * `rewrite` turns the parsed document into the one to keep. Throws HUB_REFUSED, RATE_LIMITED, UPSTREAM_*.
 */
export async function fetchHubJson(
  { hub, clock }: { readonly hub: HubClient; readonly clock: Clock },
  { path, body, call }: HubJsonRequest,
  rewrite: (json: unknown) => unknown = (json) => json,
): Promise<StoredDocument> {
  const answer = await hub.request(
    path,
    body === undefined
      ? { method: 'GET', headers: { accept: 'application/json' } }
      : {
          method: 'POST',
          headers: { accept: 'application/json', 'content-type': 'application/json' },
          body: new TextEncoder().encode(JSON.stringify(body)),
        },
    call,
  );
  await throwRefusal(answer, path, clock.now());
  const bytes = await readBounded(
    answer.body,
    MAX_JSON_BYTES,
    () => new SwarmError('UPSTREAM_INVALID', `The Hub's answer on ${path} is larger than ${MAX_JSON_BYTES} bytes`),
  );
  const json = parseJson(bytes, path);
  removeXetKeys(json);
  const headers: Record<string, string> = {};
  for (const name of KEPT) {
    const value = answer.headers.get(name);
    if (value !== null) headers[name] = value;
  }
  const text = JSON.stringify(rewrite(json));
  return { status: answer.status, headers, body: new TextEncoder().encode(text), storedAt: clock.now() };
}

/** Throws the Hub's words when the answer is not a success; a redirect to elsewhere is UPSTREAM_INVALID. */
export async function throwRefusal(answer: HubAnswer, path: string, now: number): Promise<void> {
  const { status, headers } = answer;
  if (status < 300) return;
  if (status < 400) {
    await answer.body?.cancel();
    throw new SwarmError(
      'UPSTREAM_INVALID',
      `The Hub redirects ${path} to another place, where this mirror does not go`,
    );
  }
  const tooLarge = (): SwarmError => new SwarmError('UPSTREAM_INVALID', `The Hub's error on ${path} is too long`);
  const body = await readBounded(answer.body, MAX_ERROR_BYTES, tooLarge).catch(() => new Uint8Array(0));
  throw hubError({ status, headers, body: new TextDecoder().decode(body) }, path, now);
}

function parseJson(bytes: Uint8Array, path: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new SwarmError('UPSTREAM_INVALID', `The Hub's answer on ${path} is not JSON`, { cause });
  }
}
