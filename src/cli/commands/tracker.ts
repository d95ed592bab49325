import { type Command, InvalidArgumentError, Option } from 'commander';
import { systemClock } from '../../base/system-clock.ts';
import { openAllowList } from '../../tracker/allow-list.ts';
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
  readonly origin?: readonly string[];
  readonly trustedProxy?: readonly string[];
}

/** `modelswarm tracker`: a tracker alone. */
export function addTrackerCommand(program: Command, terminal: Terminal): void {
  program
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
    .option('--origin <url>', 'only browsers on pages from here (can be repeated; default: all)', collect)
    .option('--trusted-proxy <cidr>', 'reverse proxy whose X-Forwarded-For is believed (can be repeated)', collect)
    .action((flags: TrackerFlags) => run(flags, terminal));
}

async function run(flags: TrackerFlags, terminal: Terminal): Promise<void> {
  const { host, port, udp, limits, allowList, origin = [], trustedProxy = [] } = flags;
  const onProblem = (message: string): void => terminal.complain(message);
  const list = allowList === undefined ? undefined : await openAllowList(allowList, { clock: systemClock, onProblem });
  const running = await startTracker({
    ...{ host, port, udp, limits, origins: origin, trustedProxies: trustedProxy },
    ...{ intervalSeconds: flags.interval, mostPeers: flags.maxPeers },
    ...(list && { isAllowed: (infoHash: Uint8Array) => list.has(infoHash) }),
  });
  const address = `${running.host.includes(':') ? `[${running.host}]` : running.host}:${running.port}`;
  terminal.print(`listening on http://${address}/announce`);
  terminal.complain(`also ws://${address}/announce${udp ? ` and udp://${address}/announce` : ''}; ctrl-C ends it`);
  await untilStopped(terminal.stop);
  await running.close();
  list?.close();
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
