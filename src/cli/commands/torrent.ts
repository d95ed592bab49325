import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { VERSION } from '../../base/version.ts';
import { isSwarmError, SwarmError } from '../../errors.ts';
import type { Variant } from '../../metainfo/canonical.ts';
import { createTorrent } from '../../metainfo/create-torrent.ts';
import { parseTorrent } from '../../metainfo/parse-torrent.ts';
import type { Torrent } from '../../metainfo/torrent.ts';
import type { Terminal } from '../terminal.ts';
import { createFromPath } from '../torrent/create-local.ts';
import { magnetOf, printable, realFiles, torrentJson, torrentText } from '../torrent/describe.ts';
import { refuseToOverwrite, saveFile } from '../torrent/save.ts';
import { type FileVerdict, verifyContent } from '../torrent/verify.ts';
import { formatSize } from '../values.ts';

/** What `parseTorrent` reads. */
const MOST_TORRENT_BYTES = 10_000_000;

interface CreateFlags {
  readonly out?: string;
  readonly v1?: boolean;
  readonly v2?: boolean;
  readonly name?: string;
  readonly tracker?: readonly string[];
  readonly webSeed?: readonly string[];
  readonly server?: string;
  readonly upstream?: string;
  readonly dataDir?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `modelswarm torrent create|show|verify|magnet`: torrents without a server, or of what a server has. */
export function addTorrentCommand(program: Command, terminal: Terminal): void {
  const torrent = program.command('torrent').description('make, show and check torrents');
  torrent
    .command('create <path-or-repo>')
    .description('make the canonical torrent of a file, a folder, or a repo (org/name[@revision][/file])')
    .option('--out <file>', 'where to write it (default: NAME.torrent here)')
    .addOption(new Option('--v1', 'for clients of BitTorrent v1 only').conflicts('v2'))
    .addOption(new Option('--v2', 'for clients of BitTorrent v2 only'))
    .option('--name <name>', 'name of the torrent, when it is not that of the file or folder')
    .option('--tracker <url>', 'tracker to name in it (can be repeated)', trackerUrls)
    .option('--web-seed <url>', 'web seed to name in it (can be repeated)', webSeedUrls)
    .option('--server <url>', 'of a repo: the running server to ask; without it one is started for this')
    .option('--upstream <url>', 'of a repo, without --server: the Hub')
    .option('--data-dir <dir>', 'of a repo, without --server: where models are kept')
    .option('--force', 'write over a file that is there')
    .option('--json', 'the result as JSON')
    .action((subject: string, flags: CreateFlags) => create(subject, flags, terminal));
  torrent
    .command('show <file>')
    .description('print what a torrent says')
    .option('--all', 'all of its files')
    .option('--json', 'as JSON')
    .action(async (file: string, { all = false, json }: { all?: boolean; json?: boolean }) => {
      const found = await readTorrent(file);
      terminal.print(json ? JSON.stringify(torrentJson(found), null, 2) : torrentText(found, { all }));
    });
  torrent
    .command('verify <file> <path>')
    .description('check a file or folder against a torrent; exit code 1 when something is missing or wrong')
    .option('--json', 'as JSON')
    .action((file: string, path: string, { json }: { json?: boolean }) => verify(file, path, json === true, terminal));
  torrent
    .command('magnet <file>')
    .description('print the magnet link of a torrent')
    .action(async (file: string) => terminal.print(magnetOf(await readTorrent(file))));
  for (const command of torrent.commands) command.option('--verbose', 'show the stack of an error');
}

async function create(subject: string, flags: CreateFlags, terminal: Terminal): Promise<void> {
  const variant: Variant = flags.v1 ? 'v1' : flags.v2 ? 'v2' : 'default';
  const bytes = await build(subject, variant, flags, terminal);
  terminal.stop.throwIfAborted();
  const torrent = parseTorrent(bytes);
  const path = flags.out ?? `${torrent.name}.torrent`;
  await saveFile(path, bytes, { force: flags.force === true });
  const files = realFiles(torrent).length;
  if (flags.json) return terminal.print(JSON.stringify({ path, ...torrentJson(torrent), files }, null, 2));
  const count = `${files} ${files === 1 ? 'file' : 'files'}, ${formatSize(torrent.length)}`;
  terminal.print(`${path}: ${count}\n${torrentText(torrent, { all: false }).split('\n\n')[0]}\n\n${magnetOf(torrent)}`);
}

async function build(subject: string, variant: Variant, flags: CreateFlags, terminal: Terminal): Promise<Uint8Array> {
  const trackers = (flags.tracker ?? []).map((url) => [url]);
  const webSeeds = flags.webSeed ?? [];
  const outside = { trackers, webSeeds, createdBy: `modelswarm/${VERSION}` };
  if (existsSync(subject)) {
    const onNamed = (name: string): Promise<void> =>
      refuseToOverwrite(flags.out ?? `${name}.torrent`, flags.force === true);
    const { info, pieceLayers } = await createFromPath(subject, { name: flags.name, variant, terminal, onNamed });
    return createTorrent({ info, pieceLayers, ...outside });
  }
  // Loaded when it is wanted: a whole server comes with it.
  const { createFromServer, looksLikeRepo } = await import('../torrent/create-from-server.ts');
  if (!looksLikeRepo(subject))
    throw new SwarmError('CONFIG', `${subject} is neither a file nor a folder here, nor a repo.`);
  const { server, upstream, dataDir, out } = flags;
  if (out !== undefined) await refuseToOverwrite(out, flags.force === true);
  const made = await createFromServer(subject, { variant, server, upstream, dataDir, terminal });
  // The addresses of a server that was started for this lead nowhere when it has ended.
  const lasting = server === undefined ? [] : made.webSeeds;
  return createTorrent({
    info: made.info,
    pieceLayers: made.version === 'v1' ? undefined : made.pieceLayers,
    ...outside,
    trackers: [...trackers, ...(server === undefined ? [] : made.trackers)],
    webSeeds: [...webSeeds, ...lasting],
    provenance: made.provenance,
  });
}

async function verify(file: string, path: string, json: boolean, terminal: Terminal): Promise<void> {
  const torrent = await readTorrent(file);
  if (!existsSync(path)) throw new SwarmError('CONFIG', `${path} does not exist.`);
  const { files, badPieces } = await verifyContent(torrent, path, terminal);
  const wrong = files.filter(({ status }) => status !== 'ok');
  if (wrong.length > 0) terminal.fail();
  if (json) return terminal.print(JSON.stringify({ ok: wrong.length === 0, files, badPieces }, null, 2));
  for (const verdict of wrong) terminal.print(describeVerdict(verdict));
  const size = formatSize(torrent.length);
  terminal.print(
    wrong.length === 0
      ? `All ${files.length} files (${size}) match.`
      : `${wrong.length} of ${files.length} files do not match.`,
  );
}

function describeVerdict({ path, status, badRanges }: FileVerdict): string {
  const bad = badRanges.slice(0, 5).map(([start, end]) => `${start}-${end - 1}`);
  const more = badRanges.length > 5 ? ` and ${badRanges.length - 5} more` : '';
  return `${status.padEnd(10)}  ${printable(path)}${status === 'missing' || bad.length === 0 ? '' : `: bytes ${bad.join(', ')}${more}`}`;
}

async function readTorrent(file: string): Promise<Torrent> {
  const bytes = await readBounded(file).catch((error: Error) => {
    if (isSwarmError(error)) throw error;
    throw new SwarmError('CONFIG', `${file} cannot be read: ${error.message}`);
  });
  try {
    return parseTorrent(new Uint8Array(bytes));
  } catch (error) {
    if (!isSwarmError(error)) throw error;
    throw new SwarmError(error.code, printable(`${file}: ${error.message}`));
  }
}

/** Somebody may name the model instead of its torrent: that is not read into memory first. */
async function readBounded(file: string): Promise<Buffer> {
  const { size } = await stat(file);
  if (size <= MOST_TORRENT_BYTES) return readFile(file);
  throw new SwarmError(
    'TOO_LARGE',
    `${file} is no torrent that can be used: it has more than ${MOST_TORRENT_BYTES} bytes.`,
  );
}

const trackerUrls = urls(['http:', 'https:', 'udp:', 'ws:', 'wss:']);
const webSeedUrls = urls(['http:', 'https:']);

/** Reads an option that can be repeated, each time with a URL of one of these protocols. */
function urls(protocols: readonly string[]): (value: string, before: readonly string[] | undefined) => string[] {
  return (value, before = []) => {
    if (protocols.includes(URL.parse(value)?.protocol ?? '')) return [...before, value];
    throw new InvalidArgumentError(`It must be a URL that begins with ${protocols.join(', ')}.`);
  };
}
