import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { leaveOnAbort } from '../../base/leave-on-abort.ts';
import type { Client } from '../../client/client.ts';
import type { ClientTorrent } from '../../client/client-torrent.ts';
import { matchPatterns } from '../../client/file-patterns.ts';
import { parseRepoSubject } from '../../client/repo-plan.ts';
import { SwarmError } from '../../errors.ts';
import { hfCacheFolder } from '../../storage/hf-cache.ts';
import { addSwarmFlags, byteRate, openClient, type SwarmFlags, stateFolder } from '../swarm/flags.ts';
import { hubToken } from '../swarm/hub-token.ts';
import { reportUntil } from '../swarm/report.ts';
import { announceRunning } from '../swarm/running.ts';
import { seedUntilStopped } from '../swarm/seed-until-stopped.ts';
import type { Terminal } from '../terminal.ts';
import { formatSize } from '../values.ts';

interface GetFlags extends SwarmFlags {
  readonly to?: string;
  readonly server?: string;
  readonly onlyPeers?: boolean;
  readonly seed?: boolean;
}

/** `modelswarm get`: a repo, or any torrent, from everywhere at once. */
export function addGetCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('get <what> [files...]')
    .description('download a repo (org/name[@revision][/file]), or a torrent (magnet link, file, URL, info-hash)')
    .addHelpText(
      'after',
      `
[files...] are names, folders, or patterns like "*.safetensors"; without them everything is downloaded.
A repo goes into the cache that Python's from_pretrained reads, or to --to; a torrent to --to, or here.
What is interrupted goes on where it was when it is called again.

Examples:
  modelswarm get org/model
  modelswarm get org/model@v1.0 "*.safetensors" config.json --to ./model
  modelswarm get model.torrent --peer 192.0.2.7:6881`,
    )
    .option('--to <dir>', 'folder to put the files in')
    .option(
      '--server <url>',
      'a modelswarm server that may have the torrent of the repo (default: the Hub, if it is one)',
    )
    .option('--max-rate <rate>', 'bytes per second that are downloaded, like 50MB/s (default: no limit)', byteRate)
    .option('--only-peers', 'from peers alone: no web seed, no Hub')
    .option('--seed', 'go on seeding when everything is here, until ctrl-C');
  addSwarmFlags(command).action((what: string, files: string[], flags: GetFlags) => get(what, files, flags, terminal));
}

async function get(what: string, files: readonly string[], flags: GetFlags, terminal: Terminal): Promise<void> {
  const { environment } = terminal;
  const isRepo = !existsSync(what) && parseRepoSubject(what) !== undefined && !/^[a-z]+:/i.test(what);
  const client = await openClient(flags, environment, isRepo ? await hubToken(environment) : undefined);
  const startedAt = Date.now();
  const running = announceRunning(stateFolder(environment), () => ({ command: 'get', startedAt, ...client.status() }));
  try {
    if (isRepo) await getRepo(client, what, files, flags, terminal);
    else await getTorrent(client, what, files, flags, terminal);
  } catch (error) {
    // Whatever broke because of it, the reason was ctrl-C.
    terminal.stop.throwIfAborted();
    throw error;
  } finally {
    await running.close();
    await client.close();
  }
}

async function getRepo(
  client: Client,
  what: string,
  files: readonly string[],
  flags: GetFlags,
  terminal: Terminal,
): Promise<void> {
  const { json, seed } = flags;
  const place =
    flags.to === undefined ? { cache: hfCacheFolder(terminal.environment, homedir()) } : { to: resolve(flags.to) };
  const download = await client.download(what, {
    ...addOptions(flags),
    ...place,
    files,
    ...(flags.server === undefined ? {} : { server: flags.server }),
    signal: terminal.stop,
  });
  const { plan, problem } = download;
  if (!json) {
    const from = problem === undefined ? 'from peers, web seeds and the Hub' : `from the Hub alone: ${problem}`;
    terminal.complain(
      `${plan.entries.length} of ${plan.total} files of ${plan.repo.id}@${plan.commit.slice(0, 10)}, ${from}`,
    );
  }
  const folder = await reportUntil(leaveOnAbort(download.done(), terminal.stop), download, terminal, { json });
  const size = plan.entries.reduce((sum, entry) => sum + entry.size, 0);
  if (json) terminal.print(JSON.stringify({ type: 'done', path: folder, ...download.status() }));
  else terminal.print(folder);
  if (!json) terminal.complain(`${formatSize(size)}, verified with the Hub's own hashes`);
  if (seed && download.torrent) await seedUntilStopped([download.torrent], client, terminal, { json });
}

async function getTorrent(
  client: Client,
  what: string,
  files: readonly string[],
  flags: GetFlags,
  terminal: Terminal,
): Promise<void> {
  const { json, seed, to = '.' } = flags;
  const wants = matchPatterns(files);
  const torrent = await client.add(what, {
    ...addOptions(flags),
    to: resolve(to),
    ...(files.length > 0 ? { priority: (path: string) => (wants(path) ? 1 : 0) } : {}),
    signal: terminal.stop,
  });
  await reportUntil(leaveOnAbort(downloaded(torrent, files), terminal.stop), torrent, terminal, { json });
  const path = resolve(to, torrent.name);
  if (json) terminal.print(JSON.stringify({ type: 'done', path, ...torrent.status() }));
  else terminal.print(path);
  if (seed) await seedUntilStopped([torrent], client, terminal, { json });
}

async function downloaded(torrent: ClientTorrent, files: readonly string[]): Promise<void> {
  await torrent.ready();
  if (files.length > 0 && !torrent.fileStatus().some(({ isWanted }) => isWanted))
    throw new SwarmError('CONFIG', `${torrent.name} has no file like ${files.join(' ')}.`);
  await torrent.done();
}

function addOptions({ tracker = [], peer = [], onlyPeers = false }: GetFlags) {
  return { trackers: tracker, peers: peer, onlyPeers };
}
