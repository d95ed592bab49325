import { type Command, InvalidArgumentError, Option } from 'commander';
import { fromHex, isSha1, isSha256 } from '../../base/hex.ts';
import { systemClock } from '../../base/system-clock.ts';
import { SwarmError } from '../../errors.ts';
import { openPolicy } from '../../tracker/open-policy.ts';
import { createTicket, readTicketKeys } from '../../tracker/tickets.ts';
import { startTracker } from '../../tracker/tracker-server.ts';
import type { Terminal } from '../terminal.ts';
import { untilStopped } from '../until-stopped.ts';

interface TrackerFlags {
  readonly host: string;
  readonly port: number;
  readonly udp: boolean;
  readonly interval: number;
  readonly maxPeers: number;
  readonly limits: 'usual' | 'off';
  readonly allowList?: string;
  readonly privateList?: string;
  readonly ticketKeys?: string;
  readonly origin?: readonly string[];
  readonly trustedProxy?: readonly string[];
}

/** `modelswarm tracker`: a tracker alone. */
export function addTrackerCommand(program: Command, terminal: Terminal): void {
  const tracker = program
    .command('tracker')
    .description('run a BitTorrent tracker for browsers (WebSocket) and native clients (HTTP, UDP), until ctrl-C')
    .addHelpText(
      'after',
      `
Prints one line on stdout when it listens. How it stands: GET /-/api/tracker.

Examples:
  modelswarm tracker
  modelswarm tracker --host 0.0.0.0 --port 6969
  modelswarm tracker --allow-list torrents.txt --origin https://models.example.org`,
    )
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'TCP and UDP port; 0 takes a free one', integer(0, 65_535), 6969)
    .option('--no-udp', 'not over UDP')
    .option('--interval <seconds>', 'between two announces of a peer', integer(10, 86_400), 600)
    .option('--max-peers <number>', 'peers of all torrents together', integer(1, 1_000_000_000), 5_000_000)
    .addOption(
      new Option('--limits <which>', 'limits per address and socket; off behind something that limits already')
        .choices(['usual', 'off'])
        .default('usual'),
    )
    .option(
      '--allow-list <file>',
      'only the torrents whose info-hashes are in this file, one per line; read again when it changes',
    )
    .option('--private-list <file>', 'the torrents whose info-hashes are in this file need a ticket')
    .option('--ticket-keys <file>', 'keys of tickets: an id and 64 hex digits per line; the first signs')
    .option('--origin <url>', 'only browsers on pages from here (can be repeated; default: all)', origins)
    .option('--trusted-proxy <cidr>', 'reverse proxy whose X-Forwarded-For is believed (can be repeated)', collect)
    .action((flags: TrackerFlags) => run(flags, terminal));
  tracker
    .command('ticket <info-hash> <keys-file>')
    .description('make a ticket for a torrent that needs one: for its announce URL, as ?ticket=...')
    .option('--valid <seconds>', 'how long it is good', integer(1, 31_536_000), 86_400)
    .action((infoHash: string, keysFile: string, { valid }: { readonly valid: number }) =>
      printTicket(infoHash, keysFile, valid, terminal),
    );
}

async function printTicket(text: string, path: string, seconds: number, terminal: Terminal): Promise<void> {
  const hex = text.toLowerCase();
  if (!isSha1(hex) && !isSha256(hex))
    throw new SwarmError('CONFIG', `"${text}" is no info-hash: it has 40 or 64 hex digits.`);
  const keys = await readTicketKeys(path);
  terminal.print(createTicket(keys, fromHex(hex.slice(0, 40)), Date.now() + seconds * 1000));
}

async function run(flags: TrackerFlags, terminal: Terminal): Promise<void> {
  const { host, port, udp, limits, origin = [], trustedProxy = [] } = flags;
  const onProblem = (message: string): void => terminal.complain(message);
  const policy = await openPolicy(flags, { clock: systemClock, onProblem });
  const { allowed, tickets } = policy;
  const running = await startTracker({
    ...{ host, port, udp, limits, origins: origin, trustedProxies: trustedProxy },
    ...{ intervalSeconds: flags.interval, mostPeers: flags.maxPeers },
    ...(allowed && { isAllowed: (infoHash: Uint8Array) => allowed.has(infoHash) }),
    ...(tickets && { tickets }),
  });
  const address = `${running.host.includes(':') ? `[${running.host}]` : running.host}:${running.port}`;
  terminal.print(`listening on http://${address}/announce`);
  terminal.complain(`also ws://${address}/announce${udp ? ` and udp://${address}/announce` : ''}; ctrl-C ends it`);
  await untilStopped(terminal.stop);
  await running.close();
  policy.close();
}

/** As browsers write them: scheme, host and port, nothing behind. */
function origins(value: string, all: readonly string[] = []): readonly string[] {
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol))
    throw new InvalidArgumentError('It must be an http or https URL.');
  return [...all, new URL(value).origin];
}

function collect(value: string, all: readonly string[] = []): readonly string[] {
  return [...all, value];
}

function integer(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
    return value;
  };
}
