import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { leaveOnAbort } from '../../base/leave-on-abort.ts';
import type { Client } from '../../client/client.ts';
import type { ClientTorrent } from '../../client/client-torrent.ts';
import { isSwarmError, SwarmError } from '../../errors.ts';
import { parseTorrent } from '../../metainfo/parse-torrent.ts';
import type { Torrent } from '../../metainfo/torrent.ts';
import { hfCacheFolder } from '../../storage/hf-cache.ts';
import { addSwarmFlags, hubOf, openClient, type SwarmFlags, stateFolder } from '../swarm/flags.ts';
import { makeTorrent } from '../swarm/made-torrents.ts';
import { reportUntil } from '../swarm/report.ts';
import { announceRunning } from '../swarm/running.ts';
import { seedUntilStopped } from '../swarm/seed-until-stopped.ts';
import { seedableCache } from '../swarm/seedable-cache.ts';
import type { Terminal } from '../terminal.ts';
import { magnetOf } from '../torrent/describe.ts';
import { formatSize } from '../values.ts';

interface SeedFlags extends SwarmFlags {
  /** commander: true without a folder. */
  readonly hfCache?: string | true;
  readonly name?: string;
  readonly superSeed?: boolean;
}

/** `modelswarm seed`: what is on the disk already, without copying a byte. */
export function addSeedCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('seed [what] [dir]')
    .description('seed a file or folder, or a torrent file and the folder that its files are in, until ctrl-C')
    .addHelpText(
      'after',
      `
Nothing is copied or changed. With --hf-cache everything is seeded that Python's huggingface_hub has
downloaded, if the Hub gives it to everybody under a licence that allows passing it on.

Examples:
  modelswarm seed ./my-model
  modelswarm seed model.torrent ~/downloads --port 6881
  modelswarm seed --hf-cache`,
    )
    .option('--hf-cache [dir]', 'the cache of huggingface_hub (default: where HF_HUB_CACHE or HF_HOME says)')
    .option(
      '--super-seed',
      'for the first seed of something: show peers one piece after the other, so that few are sent twice',
    )
    .option('--name <name>', 'name of the torrent, when it is not that of the file or folder');
  addSwarmFlags(command).action((what: string | undefined, dir: string | undefined, flags: SeedFlags) =>
    seed(what, dir, flags, terminal),
  );
}

async function seed(
  what: string | undefined,
  dir: string | undefined,
  flags: SeedFlags,
  terminal: Terminal,
): Promise<void> {
  if ((what === undefined) === (flags.hfCache === undefined))
    throw new SwarmError(
      'CONFIG',
      'Say what to seed: a file, a folder, a torrent file with its folder, or --hf-cache.',
    );
  const { environment } = terminal;
  const client = await openClient(flags, environment, undefined);
  const startedAt = Date.now();
  const running = announceRunning(stateFolder(environment), () => ({ command: 'seed', startedAt, ...client.status() }));
  try {
    const torrents =
      what === undefined ? await addCache(client, flags, terminal) : [await addOne(client, what, dir, flags, terminal)];
    if (torrents.length === 0) throw new SwarmError('CONFIG', 'There is nothing that may be seeded.');
    await seedUntilStopped(torrents, client, terminal, flags);
  } finally {
    await running.close();
    await client.close();
  }
}

async function addOne(
  client: Client,
  what: string,
  dir: string | undefined,
  flags: SeedFlags,
  terminal: Terminal,
): Promise<ClientTorrent> {
  if (!existsSync(what)) throw new SwarmError('CONFIG', `${what} does not exist.`);
  if (dir !== undefined) return await addTorrentFile(client, what, dir, flags, terminal);
  if (what.endsWith('.torrent'))
    throw new SwarmError('CONFIG', `Say which folder its files are in, too: modelswarm seed ${what} DIR`);
  return await addPath(client, what, flags.name, flags, terminal);
}

/** A file or a folder: its torrent is made, and there is nothing to check. */
async function addPath(
  client: Client,
  path: string,
  name: string | undefined,
  flags: SeedFlags,
  terminal: Terminal,
): Promise<ClientTorrent> {
  const { torrent, bytes, isComplete } = await makeTorrent(path, name, terminal);
  const place = resolve(path);
  const isFile = (await stat(path)).isFile();
  if (isFile && torrent.name !== basename(place))
    throw new SwarmError('CONFIG', `A single file is seeded under its own name, ${basename(place)}.`);
  const to = isFile ? dirname(place) : place;
  const added = await client.add(bytes, { ...addOptions(flags), to, flat: true, isComplete, readOnly: true });
  await leaveOnAbort(added.ready(), terminal.stop);
  say(added, torrent, flags, terminal);
  return added;
}

/** A torrent file and its files: they are hashed, unless an earlier run did, and what is missing is not fetched. */
async function addTorrentFile(
  client: Client,
  file: string,
  dir: string,
  flags: SeedFlags,
  terminal: Terminal,
): Promise<ClientTorrent> {
  const bytes = new Uint8Array(await readFile(file));
  const torrent = parseTorrent(bytes);
  const place = resolve(dir);
  const isAbove = torrent.isSingleFile || existsSync(join(place, torrent.name));
  const added = await client.add(bytes, { ...addOptions(flags), to: place, flat: !isAbove, readOnly: true });
  await reportUntil(leaveOnAbort(added.ready(), terminal.stop), added, terminal);
  const { size } = torrentSize(added);
  const held = added.fileStatus().reduce((sum, { done }) => sum + done, 0);
  if (held === 0) throw new SwarmError('CONFIG', `Nothing of ${torrent.name} is in ${place}.`);
  if (held < size) terminal.complain(`${formatSize(held)} of ${formatSize(size)} are there; the rest is not seeded`);
  say(added, torrent, flags, terminal);
  return added;
}

async function addCache(client: Client, flags: SeedFlags, terminal: Terminal): Promise<ClientTorrent[]> {
  const { environment } = terminal;
  const cache = typeof flags.hfCache === 'string' ? resolve(flags.hfCache) : hfCacheFolder(environment, homedir());
  const onSkipped = (name: string, why: string): void => terminal.complain(`${name} is not seeded: ${why}`);
  const added: ClientTorrent[] = [];
  for await (const { path, name } of seedableCache(cache, hubOf(flags, environment), onSkipped)) {
    terminal.stop.throwIfAborted();
    try {
      added.push(await addPath(client, path, name, flags, terminal));
    } catch (error) {
      if (!isSwarmError(error)) throw error;
      onSkipped(path, error.message);
    }
  }
  return added;
}

function torrentSize(torrent: ClientTorrent): { readonly size: number } {
  return { size: torrent.fileStatus().reduce((sum, { size }) => sum + size, 0) };
}

function say(added: ClientTorrent, torrent: Torrent, { json, tracker = [] }: SeedFlags, terminal: Terminal): void {
  const { infoHash, infoHashV2, name } = added;
  const magnet = magnetOf({ ...torrent, trackers: [...tracker.map((url) => [url]), ...torrent.trackers] });
  if (json) terminal.print(JSON.stringify({ type: 'seeding', name, infoHash, infoHashV2, magnet }));
  else terminal.print(magnet);
}

function addOptions({ tracker = [], peer = [], superSeed = false }: SeedFlags) {
  return { trackers: tracker, peers: peer, superSeed, onlyPeers: true };
}
