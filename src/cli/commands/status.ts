import type { Command } from 'commander';
import { stateFolder } from '../swarm/flags.ts';
import { countPeers } from '../swarm/report.ts';
import { listRunning, type Running } from '../swarm/running.ts';
import type { Terminal } from '../terminal.ts';
import { formatSize } from '../values.ts';

/** `modelswarm status`: what is being downloaded and seeded on this machine. */
export function addStatusCommand(program: Command, terminal: Terminal): void {
  program
    .command('status')
    .description('print what `get` and `seed` are doing on this machine')
    .option('--json', 'as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const running = await listRunning(stateFolder(terminal.environment));
      if (json) terminal.print(JSON.stringify(running, null, 2));
      else terminal.print(running.length === 0 ? 'Nothing is running.' : running.map(describe).join('\n'));
    });
}

function describe({ pid, command, port, torrents }: Running): string {
  const head = `${command} (process ${pid}, port ${port})`;
  const list = torrents.map(({ name, state, progress, size, downRate, upRate, peers, uploaded }) => {
    const share = `${Math.floor(progress * 100)} % of ${formatSize(size)}`;
    return `  ${name}: ${state}, ${share}, ${countPeers(peers)}, down ${formatSize(downRate)}/s, up ${formatSize(upRate)}/s, ${formatSize(uploaded)} sent`;
  });
  return [head, ...list].join('\n');
}
