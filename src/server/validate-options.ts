import { BlockList, isIP } from 'node:net';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { silentLogger } from '../base/silent-logger.ts';
import { systemClock } from '../base/system-clock.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Logger } from '../contracts/logger.ts';
import { SwarmError } from '../errors.ts';
import { addNetwork } from '../http/client-address.ts';
import { CLIENT_TOKEN } from './client-token.ts';
import { isLoopbackName } from './host-check.ts';
import type { ModelswarmOptions, ServerOptions } from './options.ts';

const GIGABYTE = 1e9;

/** The options of a mirror with their defaults filled in; what has no default may be undefined. */
export type MirrorSettings = Omit<Required<ModelswarmOptions>, OpenEnded | 'dataDir'> &
  Pick<ModelswarmOptions, OpenEnded> & { readonly dataDir: readonly string[] };

/** The options of a server with their defaults filled in. */
export type ServerSettings = MirrorSettings &
  Required<Pick<ServerOptions, 'host' | 'port' | 'open' | 'maxConnections' | 'shutdownTimeout'>> &
  Pick<ServerOptions, 'maxConnectionsPerClient' | 'bandwidth' | 'clientBandwidth'>;

type OpenEnded =
  | 'maxCacheSize'
  | 'trackerAllowList'
  | 'trackerPrivateList'
  | 'trackerTicketKeys'
  | 'peerPort'
  | 'lsd'
  | 'publicUrl'
  | 'rateLimit'
  | 'downloadRate'
  | 'proxy';

const text = z.string().min(1).max(4096);
const list = <T extends z.ZodType>(item: T) => z.array(item).max(1000).readonly();
const rate = z.number().positive('must be above 0').finite();

function integer(least: number, most: number = Number.MAX_SAFE_INTEGER): z.ZodInt {
  return z.int().min(least, `must be at least ${least}`).max(most, `must be at most ${most}`);
}
const bytes = integer(0);

const httpUrl = text.superRefine((value, context) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const fault =
    !url || !/^https?:$/.test(url.protocol)
      ? 'must be an http or https URL, like https://huggingface.co'
      : url.username || url.password
        ? 'must not contain a user name or password'
        : url.search || url.hash
          ? 'must not have a query or fragment'
          : undefined;
  if (fault) context.addIssue({ code: 'custom', message: fault });
});

const network = text.refine((value) => {
  try {
    addNetwork(new BlockList(), value);
    return true;
  } catch {
    return false;
  }
}, 'must be an IP address or a CIDR network like 10.0.0.0/8 or fd00::/8');

const hostName = text.refine(
  (value) => isIP(value) > 0 || /^[a-z0-9_]([a-z0-9._-]*[a-z0-9])?$/i.test(value),
  'must be a host name or an address, without scheme and port',
);

const hostAndPort = text.refine((value) => {
  const [, name = '', number = ''] = /^(.+):(\d{1,5})$/.exec(value) ?? [];
  return Number(number) > 0 && Number(number) < 65_536 && hostName.safeParse(name).success;
}, 'must be host:port');

const repoGlob = text.refine(
  (value) => /^[\w.*-]+(\/[\w.*-]+){0,2}$/.test(value),
  'must be a repo glob like org/*, org/name or datasets/org/*',
);

const proxyUrl = text.refine(
  (value) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol),
  'must be the http or https URL of a proxy',
);

const trackerUrl = text.refine(
  (value) => URL.canParse(value) && /^(https?|wss?|udp):$/.test(new URL(value).protocol),
  'must be an http, https, ws, wss or udp URL',
);

const license = z
  .string()
  .regex(/^(\*|[a-z0-9][a-z0-9.+_-]{0,99})$/i, 'must be a licence as the Hub names it, like apache-2.0, or *');

const functions =
  (...names: string[]) =>
  (value: unknown) =>
    typeof value === 'object' &&
    value !== null &&
    names.every((name) => typeof Reflect.get(value, name) === 'function');

/** One schema per option, so that the command line can check a value where it knows where the value came from. */
export const optionSchemas: { readonly [Name in keyof ServerOptions]-?: z.ZodType } = {
  upstream: httpUrl,
  dataDir: z.union([text, list(text).refine((value) => value.length > 0, 'must name at least one directory')]),
  maxCacheSize: bytes,
  minFreeSpace: bytes,
  offline: z.boolean(),
  strict: z.boolean(),
  allow: list(repoGlob),
  deny: list(repoGlob),
  clientTokens: list(z.string().regex(CLIENT_TOKEN, 'must be hf_msw and 34 to 250 letters or digits')),
  publicUrl: httpUrl,
  allowedHosts: list(hostName),
  trustedProxies: list(network),
  rateLimit: rate,
  bandwidth: rate,
  clientBandwidth: rate,
  downloadRate: rate,
  fillBudget: integer(1),
  connectionsPerFile: integer(1, 64),
  connections: integer(1, 1024),
  finishAbandoned: integer(0, 10_000),
  torrents: z.boolean(),
  trackers: list(trackerUrl),
  ownTracker: z.boolean(),
  trackerFor: z.enum(['all', 'known']),
  trackerAllowList: text,
  trackerPrivateList: text,
  trackerTicketKeys: text,
  trackerOrigins: list(httpUrl),
  trackerLimits: z.enum(['usual', 'off']),
  seed: z.boolean(),
  peerPort: integer(0, 65_535),
  peerHost: hostName,
  dht: z.boolean(),
  mapPort: z.boolean(),
  dhtNodes: list(hostAndPort),
  lsd: z.boolean(),
  torrentLicenses: list(license),
  torrentRepos: list(repoGlob),
  hubWebseed: z.boolean(),
  neighbours: list(httpUrl),
  findNeighbours: z.boolean(),
  torrentSources: list(text),
  proxy: z.strictObject({
    http: proxyUrl.optional(),
    https: proxyUrl.optional(),
    noProxy: z.string().max(4096).optional(),
  }),
  logger: z.custom<Logger>(functions('debug', 'info', 'warn', 'error'), 'must be a logger'),
  clock: z.custom<Clock>(functions('now', 'sleep'), 'must be a clock'),
  host: hostName,
  port: integer(0, 65_535),
  open: z.boolean(),
  maxConnections: integer(1, 1_000_000),
  maxConnectionsPerClient: integer(1, 1_000_000),
  shutdownTimeout: integer(0, 86_400_000),
};

const { host, port, open, maxConnections, maxConnectionsPerClient, bandwidth, clientBandwidth, ...withoutServer } =
  optionSchemas;
const { shutdownTimeout, ...mirrorSchemas } = withoutServer;
const serverShape = z.strictObject(optionSchemas).partial();
const mirrorShape = z.strictObject(mirrorSchemas).partial();

/** Checks the options of a mirror and fills in the defaults. Throws CONFIG, naming the first option that is wrong. */
export function mirrorSettings(options: ModelswarmOptions): MirrorSettings {
  check(mirrorShape, options);
  const { dataDir = defaultDataDir(process.env) } = options;
  return {
    ...options,
    upstream: withoutSlash(options.upstream ?? 'https://huggingface.co'),
    dataDir: typeof dataDir === 'string' ? [dataDir] : dataDir,
    minFreeSpace: options.minFreeSpace ?? 2 * GIGABYTE,
    offline: options.offline ?? false,
    strict: options.strict ?? false,
    allow: options.allow ?? [],
    deny: options.deny ?? [],
    clientTokens: options.clientTokens ?? [],
    allowedHosts: options.allowedHosts ?? [],
    trustedProxies: options.trustedProxies ?? [],
    connectionsPerFile: options.connectionsPerFile ?? 8,
    connections: options.connections ?? 64,
    fillBudget: options.fillBudget ?? 10_000 * GIGABYTE,
    finishAbandoned: options.finishAbandoned ?? 16,
    torrents: options.torrents ?? true,
    trackers: options.trackers ?? [],
    peerHost: options.peerHost ?? '127.0.0.1',
    ownTracker: options.ownTracker ?? false,
    trackerFor: options.trackerFor ?? 'all',
    trackerOrigins: options.trackerOrigins ?? [],
    trackerLimits: options.trackerLimits ?? 'usual',
    seed: options.seed ?? options.peerPort !== undefined,
    dht: options.dht ?? (options.dhtNodes ?? []).length > 0,
    dhtNodes: options.dhtNodes ?? [],
    mapPort: options.mapPort ?? false,
    torrentLicenses: options.torrentLicenses ?? [],
    torrentRepos: options.torrentRepos ?? [],
    hubWebseed: options.hubWebseed ?? false,
    neighbours: options.neighbours ?? [],
    findNeighbours: options.findNeighbours ?? false,
    torrentSources: options.torrentSources ?? [],
    logger: options.logger ?? silentLogger,
    clock: options.clock ?? systemClock,
    ...(options.publicUrl === undefined ? {} : { publicUrl: withoutSlash(options.publicUrl) }),
  };
}

/**
 * Checks the options of a server and fills in the defaults. Throws CONFIG, naming the first option that is wrong, and
 * when the server would be open to a network without a word from the operator about who may use it.
 */
export function serverSettings(options: ServerOptions): ServerSettings {
  check(serverShape, options);
  const { host = '127.0.0.1', port = 8080, open = false, maxConnections = 16_384, ...rest } = options;
  const { shutdownTimeout = 30_000, maxConnectionsPerClient, bandwidth, clientBandwidth, ...mirror } = rest;
  const ownTracker = (mirror.clientTokens ?? []).length === 0;
  const seed = mirror.peerPort !== undefined || ownTracker;
  const settings = {
    ...mirrorSettings({ peerHost: host, seed, ownTracker, ...mirror }),
    ...{ host, port, open, maxConnections, shutdownTimeout },
    ...(maxConnectionsPerClient === undefined ? {} : { maxConnectionsPerClient }),
    ...(bandwidth === undefined ? {} : { bandwidth }),
    ...(clientBandwidth === undefined ? {} : { clientBandwidth }),
  };
  const restricted = settings.allow.length > 0 || settings.clientTokens.length > 0;
  if (!isLoopbackName(host) && !restricted && !open) {
    throw new SwarmError(
      'CONFIG',
      `option "host": on ${host} this server can be reached by others. Say which repos they may read (allow, ` +
        '--allow), who they are (clientTokens, --client-token), or that anybody may read all public ones (open, --open).',
    );
  }
  return settings;
}

/** `$XDG_CACHE_HOME/modelswarm`, or `~/.cache/modelswarm`. */
export function defaultDataDir(environment: Readonly<Record<string, string | undefined>>): string {
  // The XDG specification tells programs to ignore a relative path here.
  const cache = environment.XDG_CACHE_HOME;
  return join(cache !== undefined && isAbsolute(cache) ? cache : join(homedir(), '.cache'), 'modelswarm');
}

function check(shape: z.ZodType, options: object): void {
  const issue = shape.safeParse(options).error?.issues[0];
  if (!issue) return;
  const [name] = issue.path;
  const which = name === undefined ? 'options' : `option "${String(name)}"`;
  throw new SwarmError('CONFIG', `${which}: ${issue.message}`);
}

const withoutSlash = (url: string) => url.replace(/\/+$/, '');
