import { ClientBuckets } from '../base/token-bucket.ts';
import type { Caller } from '../contracts/access.ts';
import type { Clock } from '../contracts/clock.ts';
import { bearerToken } from '../http/authorization.ts';
import { createClientAddressReader } from '../http/client-address.ts';
import { CLIENT_TOKEN_HEADER, createClientTokenCheck, looksLikeClientToken } from './client-token.ts';
import { createHostCheck } from './host-check.ts';

/** What the gate looks at, from whatever kind of server the request came in. */
export interface Arrival {
  readonly method: string;
  /** Path without the query, exactly as sent. */
  readonly path: string;
  /** Address of the other end of the connection; undefined when the host does not tell. */
  readonly remoteAddress: string | undefined;
  /** Address of our end of it; undefined when the host does not tell. */
  readonly localAddress: string | undefined;
  /** A request header by its lower-case name. */
  header(name: string): string | undefined;
}

/** Why a request goes no further. */
export interface Refusal {
  readonly status: 400 | 401 | 421 | 429;
  readonly message: string;
  readonly headers: Readonly<Record<string, string>>;
}

export type Admission =
  | {
      readonly caller: Caller;
      /** The scheme that the client used, as far as that is known: a trusted proxy may say. */
      readonly scheme: 'http' | 'https' | undefined;
      readonly refusal?: undefined;
    }
  | { readonly caller?: undefined; readonly scheme?: undefined; readonly refusal: Refusal };

export interface GateOptions {
  /** Host names under which requests may come in on loopback, besides loopback names and literal addresses. */
  readonly hostNames: readonly string[];
  readonly trustedProxies: readonly string[];
  readonly clientTokens: readonly string[];
  /** Requests per second and client; undefined for no limit. */
  readonly rateLimit: number | undefined;
  readonly clock: Clock;
}

/** Says who a request comes from, or why it goes no further: Host header, rate limit, client token, in this order. */
export type Gate = (arrival: Arrival) => Admission;

/** Load balancers probe these without a token. */
const PROBES = new Set(['/-/health', '/-/ready']);

// huggingface_hub shows the server's own words for exactly this X-Error-Message, and guesses "no such repo" for others.
const BAD_TOKEN = 'Invalid credentials in Authorization header';

/** Makes the gate that every request passes before anything else looks at it. Throws CONFIG for a wrong network. */
export function createGate(options: GateOptions): Gate {
  const { clientTokens, rateLimit } = options;
  const addressOf = createClientAddressReader(options.trustedProxies);
  const isHost = createHostCheck(options.hostNames);
  const isClientToken = createClientTokenCheck(clientTokens);
  // Ten seconds ahead: a snapshot of many small files comes in bursts.
  const buckets =
    rateLimit === undefined
      ? undefined
      : new ClientBuckets({ perSecond: rateLimit, burst: Math.max(1, rateLimit * 10), clock: options.clock });

  return ({ method, path, remoteAddress, localAddress, header }) => {
    if (!isHost(header('host'), localAddress)) {
      const message =
        'This server does not answer to the host name of this request. Its operator can add it (--allowed-host, --public-url).';
      return { refusal: { status: 421, message, headers: {} } };
    }
    const { client, proxied } = addressOf(remoteAddress, header('x-forwarded-for'));
    const wait = buckets?.of(client).tryTake(1) ?? 0;
    if (wait > 0) {
      const headers = { 'Retry-After': String(Math.ceil(wait / 1000)) };
      return { refusal: { status: 429, message: 'Too many requests from this client.', headers } };
    }
    const bearer = bearerToken(header('authorization'));
    const isOurs = bearer !== undefined && looksLikeClientToken(bearer);
    if (clientTokens.length > 0 && method !== 'OPTIONS' && !PROBES.has(path)) {
      if (!isClientToken(header(CLIENT_TOKEN_HEADER) ?? (isOurs ? bearer : undefined)))
        return { refusal: unauthorized };
    }
    // A client token, even one of another mirror, is nobody's business at the Hub.
    const caller = isOurs || bearer === undefined ? { client } : { client, token: bearer };
    return { caller, scheme: proxied ? schemeOf(header('x-forwarded-proto')) : undefined };
  };
}

const unauthorized: Refusal = {
  status: 401,
  message: 'This mirror wants one of its own client tokens (hf_msw...), which its operator gives out.',
  headers: { 'X-Error-Message': BAD_TOKEN, 'WWW-Authenticate': 'Bearer realm="modelswarm"' },
};

function schemeOf(forwarded: string | undefined): 'http' | 'https' | undefined {
  const scheme = forwarded?.trim().toLowerCase();
  return scheme === 'http' || scheme === 'https' ? scheme : undefined;
}
