import { setTimeout } from 'node:timers/promises';
import type { Client } from '../../client/client.ts';
import type { ClientTorrent } from '../../client/client-torrent.ts';
import type { PortMappingResult } from '../../transport/port-mapping-protocol.ts';
import type { Terminal } from '../terminal.ts';
import { formatSize } from '../values.ts';
import { countPeers } from './report.ts';

/** Seeds until ctrl-C, and says from time to time how that goes. */
export async function seedUntilStopped(
  torrents: readonly ClientTorrent[],
  client: Client,
  terminal: Terminal,
  { json = false }: { readonly json?: boolean | undefined },
): Promise<void> {
  if (!json) terminal.complain(`seeding on port ${client.port}; ctrl-C ends it`);
  void client.portMapping?.then((result) => {
    if (terminal.stop.aborted) return;
    if (json) terminal.print(JSON.stringify({ type: 'port-mapping', ...result }));
    else terminal.complain(describeMapping(client.port, result));
  });
  const pause = json || terminal.stderr.isTTY ? 1000 : 60_000;
  while (!terminal.stop.aborted) {
    await setTimeout(pause, undefined, { signal: terminal.stop }).catch(() => {});
    if (terminal.stop.aborted) break;
    report(torrents, terminal, json);
  }
  if (terminal.stderr.isTTY && !json) terminal.stderr.write('\n');
}

function describeMapping(port: number, result: PortMappingResult): string {
  if (result.state === 'mapped') return `the router passes ${result.address} on to us (${result.by})`;
  return `the router does not pass port ${port} on: ${result.reason}`;
}

function report(torrents: readonly ClientTorrent[], terminal: Terminal, json: boolean): void {
  const all = torrents.map((torrent) => torrent.status());
  if (json) {
    for (const status of all) terminal.print(JSON.stringify({ type: 'status', ...status }));
    return;
  }
  const sum = (read: (status: (typeof all)[number]) => number): number =>
    all.reduce((total, one) => total + read(one), 0);
  const peers = sum((status) => status.peers);
  const rate = formatSize(sum((status) => status.upRate));
  const line = `${countPeers(peers)}, ${rate}/s, ${formatSize(sum((status) => status.uploaded))} sent`;
  terminal.stderr.write(terminal.stderr.isTTY ? `\r\u001b[K${line}` : `${line}\n`);
}
