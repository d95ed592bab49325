import { z } from 'zod';
import type { ServerOptions } from '../server/options.ts';
import { optionSchemas } from '../server/validate-options.ts';
import {
  byteRate,
  choice,
  duration,
  eventRate,
  integer,
  type SettingKind,
  size,
  textNamed,
  texts,
  toggle,
} from './setting-kinds.ts';

/** Every setting of the command line, by name. What has no default may be undefined. */
export interface SettingValues
  extends Omit<ServerOptions, 'dataDir' | 'trustedProxies' | 'proxy' | 'logger' | 'clock' | 'host' | 'port'> {
  readonly host: string;
  readonly port: number;
  readonly dataDir: readonly string[];
  readonly trustedProxies?: readonly string[];
  readonly httpProxy?: string;
  readonly httpsProxy?: string;
  readonly proxyBypass?: string;
  readonly trackers?: readonly string[];
  readonly logLevel: string;
  readonly logFormat: string;
}

/** One row of the table from which flags, help, docs/configuration.md and `modelswarm config` come. */
export interface Setting {
  /** Key in the configuration file, and name of the option in the library. */
  readonly name: keyof SettingValues;
  /** Without the dashes. The variable is `MODELSWARM_` and the same in capitals. */
  readonly flag: string;
  readonly group: 'Hub' | 'Storage' | 'Network' | 'Access' | 'Limits' | 'Logging';
  readonly kind: SettingKind<unknown>;
  readonly schema: z.ZodType;
  /** As it would be typed. */
  readonly default?: string;
  /** What is true without a value, when there is no default. */
  readonly otherwise?: string;
  readonly help: string;
  /** Never printed. */
  readonly secret?: boolean;
  /** Variables with a meaning beyond this program, looked at after our own. */
  readonly standardVariables?: readonly string[];
}

const listOf = (item: z.ZodType): z.ZodType => z.array(item).max(1000);
const trackerUrl = z.url({ protocol: /^(https?|wss?|udp)$/, error: 'must be an http, https, ws, wss or udp URL' });
const anyText = z.string().min(1).max(4096);

/** The table. Its order is the order of help and docs. */
export const settings: readonly Setting[] = [
  {
    name: 'upstream',
    flag: 'upstream',
    group: 'Hub',
    kind: textNamed('url', 'a URL'),
    schema: optionSchemas.upstream,
    default: 'https://huggingface.co',
    help: 'The Hub that is mirrored.',
  },
  {
    name: 'offline',
    flag: 'offline',
    group: 'Hub',
    kind: toggle,
    schema: optionSchemas.offline,
    default: 'false',
    help: 'Never ask the Hub: serve public models that are held, however old, and nothing else.',
  },
  {
    name: 'downloadRate',
    flag: 'download-rate',
    group: 'Hub',
    kind: byteRate,
    schema: optionSchemas.downloadRate,
    otherwise: 'no limit',
    help: 'Speed of all downloads from the Hub together.',
  },
  {
    name: 'connectionsPerFile',
    flag: 'connections-per-file',
    group: 'Hub',
    kind: integer,
    schema: optionSchemas.connectionsPerFile,
    default: '8',
    help: 'Requests that the download of one file may have open at the Hub. It takes more than one while that is faster.',
  },
  {
    name: 'connections',
    flag: 'connections',
    group: 'Hub',
    kind: integer,
    schema: optionSchemas.connections,
    default: '64',
    help: 'The same for all files together.',
  },
  {
    name: 'finishAbandoned',
    flag: 'finish-abandoned',
    group: 'Hub',
    kind: integer,
    schema: optionSchemas.finishAbandoned,
    default: '16',
    help: 'How many downloads of whole files may go on after their last reader has left; 0 stops them all.',
  },
  {
    name: 'httpsProxy',
    flag: 'https-proxy',
    group: 'Hub',
    kind: textNamed('url', 'a URL'),
    schema: anyText,
    otherwise: 'none',
    help: 'Proxy for an https upstream.',
    secret: true,
    standardVariables: ['HTTPS_PROXY', 'https_proxy'],
  },
  {
    name: 'httpProxy',
    flag: 'http-proxy',
    group: 'Hub',
    kind: textNamed('url', 'a URL'),
    schema: anyText,
    otherwise: 'none',
    help: 'Proxy for an http upstream.',
    secret: true,
    standardVariables: ['HTTP_PROXY', 'http_proxy'],
  },
  {
    name: 'proxyBypass',
    flag: 'proxy-bypass',
    group: 'Hub',
    kind: textNamed('hosts', 'a comma-separated list of hosts'),
    schema: anyText,
    otherwise: 'none',
    help: 'Hosts that are reached without the proxy, comma-separated.',
    standardVariables: ['NO_PROXY', 'no_proxy'],
  },
  {
    name: 'dataDir',
    flag: 'data-dir',
    group: 'Storage',
    kind: texts('dir'),
    schema: listOf(anyText).refine((value) => Array.isArray(value) && value.length > 0, 'must name a directory'),
    otherwise: '`$XDG_CACHE_HOME/modelswarm`, or `~/.cache/modelswarm`',
    help: 'Where models are kept. Several directories (one per disk) share the models among them; the first one also holds the catalogue.',
  },
  {
    name: 'maxCacheSize',
    flag: 'max-cache-size',
    group: 'Storage',
    kind: size,
    schema: optionSchemas.maxCacheSize,
    otherwise: 'as much as --min-free-space leaves',
    help: 'Bytes of models to keep at most. The least recently used go first.',
  },
  {
    name: 'minFreeSpace',
    flag: 'min-free-space',
    group: 'Storage',
    kind: size,
    schema: optionSchemas.minFreeSpace,
    default: '2GB',
    help: 'Bytes that stay free on every disk.',
  },
  {
    name: 'strict',
    flag: 'strict',
    group: 'Storage',
    kind: toggle,
    schema: optionSchemas.strict,
    default: 'false',
    help: "Send nothing of a file before the whole of it matched the Hub's hash. Cold downloads then start late.",
  },
  {
    name: 'host',
    flag: 'host',
    group: 'Network',
    kind: textNamed('address', 'an address'),
    schema: optionSchemas.host,
    default: '127.0.0.1',
    help: 'Address to listen on. Any but a loopback one needs --allow, --client-token or --open.',
  },
  {
    name: 'port',
    flag: 'port',
    group: 'Network',
    kind: integer,
    schema: optionSchemas.port,
    default: '8080',
    help: 'Port to listen on; 0 takes a free one.',
  },
  {
    name: 'publicUrl',
    flag: 'public-url',
    group: 'Network',
    kind: textNamed('url', 'a URL'),
    schema: optionSchemas.publicUrl,
    otherwise: 'the address it listens on',
    help: 'The address that clients use, when there is a reverse proxy in front. Its host name is let in.',
  },
  {
    name: 'allowedHosts',
    flag: 'allowed-host',
    group: 'Network',
    kind: texts('name'),
    schema: optionSchemas.allowedHosts,
    otherwise: 'loopback names',
    help: 'Another host name under which clients may ask (checked while the server listens on loopback).',
  },
  {
    name: 'trustedProxies',
    flag: 'trusted-proxy',
    group: 'Network',
    kind: texts('cidr'),
    schema: optionSchemas.trustedProxies,
    otherwise: 'none',
    help: 'Address or network of a reverse proxy whose X-Forwarded-For and X-Forwarded-Proto are believed.',
  },
  {
    name: 'trackers',
    flag: 'tracker',
    group: 'Network',
    kind: texts('url'),
    schema: listOf(trackerUrl),
    otherwise: 'none',
    help: 'Tracker to name in torrents. Without effect until this version makes torrents.',
  },
  {
    name: 'shutdownTimeout',
    flag: 'shutdown-timeout',
    group: 'Network',
    kind: duration,
    schema: optionSchemas.shutdownTimeout,
    default: '30s',
    help: 'How long running downloads may go on after ctrl-C or SIGTERM. A second ctrl-C ends them at once.',
  },
  {
    name: 'allow',
    flag: 'allow',
    group: 'Access',
    kind: texts('glob'),
    schema: optionSchemas.allow,
    otherwise: 'all repos',
    help: 'Repos that may be read: `org/*`, `org/name`, `datasets/org/*`.',
  },
  {
    name: 'deny',
    flag: 'deny',
    group: 'Access',
    kind: texts('glob'),
    schema: optionSchemas.deny,
    otherwise: 'none',
    help: 'Repos that may not be read, even if --allow names them.',
  },
  {
    name: 'clientTokens',
    flag: 'client-token',
    group: 'Access',
    kind: texts('token'),
    schema: optionSchemas.clientTokens,
    otherwise: 'nobody needs one',
    help: 'Only callers with such a token are served. Make one: `echo hf_msw$(openssl rand -hex 20)`. Better in the variable or the file than on the command line, which other users of the machine can read.',
    secret: true,
  },
  {
    name: 'open',
    flag: 'open',
    group: 'Access',
    kind: toggle,
    schema: optionSchemas.open,
    default: 'false',
    help: 'On an address that others reach: let anybody read all public repos.',
  },
  {
    name: 'rateLimit',
    flag: 'rate-limit',
    group: 'Limits',
    kind: eventRate,
    schema: optionSchemas.rateLimit,
    otherwise: 'no limit',
    help: 'Requests per client. A client may be ten seconds ahead of it; then it gets 429.',
  },
  {
    name: 'fillBudget',
    flag: 'fill-budget',
    group: 'Limits',
    kind: size,
    schema: optionSchemas.fillBudget,
    default: '10TB',
    help: 'Bytes per day that each client may cause to be fetched from the Hub. What is held is free, and so are clients on loopback.',
  },
  {
    name: 'bandwidth',
    flag: 'bandwidth',
    group: 'Limits',
    kind: byteRate,
    schema: optionSchemas.bandwidth,
    otherwise: 'no limit',
    help: 'Speed of file bytes to all clients together.',
  },
  {
    name: 'clientBandwidth',
    flag: 'client-bandwidth',
    group: 'Limits',
    kind: byteRate,
    schema: optionSchemas.clientBandwidth,
    otherwise: 'no limit',
    help: 'Speed of file bytes to each client.',
  },
  {
    name: 'maxConnections',
    flag: 'max-connections',
    group: 'Limits',
    kind: integer,
    schema: optionSchemas.maxConnections,
    default: '16384',
    help: 'Connections at a time.',
  },
  {
    name: 'maxConnectionsPerClient',
    flag: 'max-connections-per-client',
    group: 'Limits',
    kind: integer,
    schema: optionSchemas.maxConnectionsPerClient,
    otherwise: 'no limit',
    help: 'Connections at a time from one address. Trusted proxies are not counted.',
  },
  {
    name: 'logLevel',
    flag: 'log-level',
    group: 'Logging',
    kind: choice(['silent', 'error', 'warn', 'info', 'debug']),
    schema: z.string(),
    default: 'info',
    help: 'How much is logged, on stderr. `info` is one line per download from the Hub, `debug` adds one per request.',
  },
  {
    name: 'logFormat',
    flag: 'log-format',
    group: 'Logging',
    kind: choice(['auto', 'json', 'text']),
    schema: z.string(),
    default: 'auto',
    help: '`auto` writes text to a terminal and JSON to everything else.',
  },
];

/** `MODELSWARM_DATA_DIR` for `data-dir`. */
export function variableOf(setting: Setting): string {
  return `MODELSWARM_${setting.flag.replaceAll('-', '_').toUpperCase()}`;
}
