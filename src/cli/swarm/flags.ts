import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Client } from '../../client/client.ts';
import { createClient } from '../../client/create-client.ts';
import { parseAddress } from '../../client/parse-address.ts';
import type { Environment } from '../config-file.ts';
import { parseByteRate } from '../values.ts';

/** What `get` and `seed` have in common. */
export interface SwarmFlags {
  readonly port?: number;
  readonly host?: string;
  readonly tracker?: readonly string[];
  readonly peer?: readonly string[];
  readonly maxRate?: number;
  readonly maxUpRate?: number;
  readonly encryption?: 'allowed' | 'preferred' | 'required' | 'off';
  /** commander: false by `--no-dht`. */
  readonly dht: boolean;
  readonly dhtNode?: readonly string[];
  readonly lsd: boolean;
  readonly mapPort?: boolean;
  readonly upstream?: string;
  readonly json?: boolean;
}

/** Gives a command the flags of everything that talks to peers. */
export function addSwarmFlags(command: Command): Command {
  return command
    .option('--port <number>', 'TCP port for peers (default: any that is free)', portNumber)
    .option('--host <address>', 'address to listen on for peers (default: all)')
    .option('--tracker <url>', 'one more tracker to ask (can be repeated)', trackerUrls)
    .option('--peer <host:port>', 'one more peer to dial (can be repeated)', peerAddresses)
    .option('--max-up-rate <rate>', 'bytes per second to peers, like 10MB/s (default: no limit)', byteRate)
    .addOption(
      new Option('--encryption <policy>', 'encryption of peer connections')
        .choices(['allowed', 'preferred', 'required', 'off'])
        .default('allowed'),
    )
    .option('--no-dht', 'do not look for peers in the DHT')
    .option(
      '--dht-node <host:port>',
      'node to find the DHT by, instead of the well-known ones (can be repeated)',
      peerAddresses,
    )
    .option('--no-lsd', 'do not look for peers on the local network')
    .option('--map-port', 'ask the router to pass our port on, by NAT-PMP or UPnP')
    .option('--upstream <url>', 'the Hub (default: HF_ENDPOINT, else https://huggingface.co)')
    .option('--json', 'one JSON document per line, for scripts');
}

/** Opens the client that the flags and the environment ask for. */
export function openClient(flags: SwarmFlags, environment: Environment, token: string | undefined): Promise<Client> {
  return createClient({
    stateDir: join(stateFolder(environment), 'torrents'),
    encryption: flags.encryption ?? 'allowed',
    dht: flags.dht && flags.dhtNode ? { bootstrap: flags.dhtNode } : flags.dht,
    lsd: flags.lsd,
    mapPort: flags.mapPort ?? false,
    maxDownRate: flags.maxRate,
    maxUpRate: flags.maxUpRate,
    hub: { endpoint: hubOf(flags, environment), token, proxy: proxyOf(environment) },
    ...(flags.port === undefined ? {} : { port: flags.port }),
    ...(flags.host === undefined ? {} : { host: flags.host }),
  });
}

/** The Hub that is asked. */
export function hubOf({ upstream }: Pick<SwarmFlags, 'upstream'>, { HF_ENDPOINT }: Environment): string {
  return (upstream ?? (HF_ENDPOINT || 'https://huggingface.co')).replace(/\/+$/, '');
}

/** Where programs keep what they know between runs. */
export function stateFolder({ XDG_STATE_HOME }: Environment): string {
  return join(XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'modelswarm');
}

function proxyOf(environment: Environment): { http?: string; https?: string; noProxy?: string } {
  const of = (name: string): string | undefined => environment[name] || environment[name.toUpperCase()] || undefined;
  const [http, https, noProxy] = [of('http_proxy'), of('https_proxy'), of('no_proxy')];
  return { ...(http ? { http } : {}), ...(https ? { https } : {}), ...(noProxy ? { noProxy } : {}) };
}

/** Of an option: bytes per second. */
export function byteRate(text: string): number {
  const rate = parseByteRate(text);
  if (rate === undefined) throw new InvalidArgumentError('A rate looks like 10MB/s.');
  return rate;
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new InvalidArgumentError('A port is a number up to 65535.');
  return port;
}

function trackerUrls(text: string, earlier: readonly string[] = []): string[] {
  if (!URL.canParse(text) || !/^(https?|udp):$/.test(new URL(text).protocol))
    throw new InvalidArgumentError('A tracker looks like http://host/announce or udp://host:port.');
  return [...earlier, text];
}

function peerAddresses(text: string, earlier: readonly string[] = []): string[] {
  try {
    parseAddress(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : '');
  }
  return [...earlier, text];
}
