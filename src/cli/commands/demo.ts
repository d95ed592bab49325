import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Presets, SingleBar } from 'cli-progress';
import { type Command, InvalidArgumentError } from 'commander';
import { demoRepos } from '../../sample-hub/generate/demo-repos.ts';
import { createSampleHub, type SampleHub } from '../../sample-hub/index.ts';
import { clientLines } from '../../server/client-lines.ts';
import { createServer } from '../../server/create-server.ts';
import { pullRepo } from '../demo/pull-repo.ts';
import { clientText, type DemoDownload, type DemoReport, reportText } from '../demo/report.ts';
import { integer } from '../setting-kinds.ts';
import type { Terminal } from '../terminal.ts';
import { untilStopped } from '../until-stopped.ts';
import { formatSize } from '../values.ts';

const REPO = 'sample/big-model';
const FILE = 'model.safetensors';
/** A line of 400 Mbit/s to a hub 40 ms away: without it the hub, on this same machine, would be as fast as the mirror. */
const HUB_BYTES_PER_SECOND = 50e6;
const HUB_DELAY_MS = 40;
const AFTERWARDS =
  'Without --once the demo goes on serving, for clients of yours. The real Hub: `npx modelswarm serve`.';

interface DemoFlags {
  readonly once?: boolean;
  readonly json?: boolean;
  readonly port: number;
}

/** `modelswarm demo`: a model through the mirror, cold and warm, from a hub that is built in. Then it serves until ctrl-C. */
export function addDemoCommand(program: Command, terminal: Terminal): void {
  program
    .command('demo')
    .description('show what the mirror does, with a hub that is built in: no internet needed')
    .option('--once', 'end after the downloads instead of serving on')
    .option('--json', 'the result as JSON')
    .option('--port <n>', 'port of the mirror; 0 takes a free one', readPort, 0)
    .action((flags: DemoFlags) => runDemo(flags, terminal));
}

async function runDemo(flags: DemoFlags, terminal: Terminal): Promise<void> {
  const { stop, print } = terminal;
  const say = flags.json ? () => {} : print;
  await using closing = new AsyncDisposableStack();
  const dataDir = await mkdtemp(join(tmpdir(), 'modelswarm-demo-'));
  closing.defer(() => rm(dataDir, { recursive: true, force: true }));
  const hub = closing.use(await createSampleHub({ repos: demoRepos() }));
  hub.setFault('*', { delay: HUB_DELAY_MS, totalBytesPerSecond: HUB_BYTES_PER_SECOND });
  const server = closing.use(
    await createServer({
      upstream: hub.url,
      dataDir,
      port: flags.port,
      minFreeSpace: 0,
      shutdownTimeout: 1000,
    }).listen(),
  );
  say(`A sample hub runs at ${hub.url}, and a mirror of it at ${server.url}.`);
  say(`The hub is slowed down to a line of 400 Mbit/s that is 40 ms long. Both are on this machine.\n`);

  const downloads: DemoDownload[] = [];
  for (const name of ['first download', 'second download']) {
    downloads.push(await download(name, { hub, url: server.url, quiet: flags.json === true, terminal }));
  }
  const clients = clientLines(server.url, { example: { repo: REPO, path: FILE } });
  const report: DemoReport = { url: server.url, repo: REPO, downloads, clients };
  if (flags.json)
    print(
      JSON.stringify(
        { ...report, hub: { url: hub.url, bytesPerSecond: HUB_BYTES_PER_SECOND, delayMs: HUB_DELAY_MS } },
        null,
        2,
      ),
    );
  say(`\n${reportText(report)}\n`);
  if (flags.once) return say(AFTERWARDS);
  say(`To use the mirror, paste:\n\n${clientText(clients)}\n`);
  say(`The mirror goes on serving on ${server.url} (${hub.repos.length} repos; ctrl-C ends it).`);
  await untilStopped(stop);
}

async function download(
  name: string,
  { hub, url, quiet, terminal }: { hub: SampleHub; url: string; quiet: boolean; terminal: Terminal },
): Promise<DemoDownload> {
  const before = hub.bytesSent();
  const bar = new SingleBar(
    { format: `${name.padEnd(15)} {bar} {percentage} %  {speed}`, stream: terminal.stderr, hideCursor: true },
    Presets.shades_classic,
  );
  // A bar is for people at a terminal; a log would get one line for each of its steps.
  const shown = !quiet && terminal.stderr.isTTY;
  const startedAt = performance.now();
  let received = 0;
  const pull = await pullRepo({
    url,
    repo: REPO,
    signal: terminal.stop,
    onStart: (bytes) => shown && bar.start(bytes, 0, { speed: '' }),
    onBytes: (bytes) => {
      received += bytes;
      const speed = formatSize((received * 1000) / (performance.now() - startedAt));
      if (shown) bar.update(received, { speed: `${speed}/s` });
    },
  })
    .catch((error: unknown) => {
      // ctrl-C breaks the connection off; what that looks like is no news.
      terminal.stop.throwIfAborted();
      throw error;
    })
    .finally(() => shown && bar.stop());
  return { name, ...pull, fromHub: hub.bytesSent() - before };
}

function readPort(text: string): number {
  const port = integer.read(text);
  if (port === undefined || port > 65_535) throw new InvalidArgumentError('It must be a port: 0 to 65535.');
  return port;
}
