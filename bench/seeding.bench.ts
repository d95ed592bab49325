import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { memory, withCpu } from './measure.ts';
import { judge, type Result } from './result.ts';
import type { BenchOptions } from './topic.ts';

/** What torrents cost a server that nobody asks for: they are rows of its catalogue, and its tracker is told of them. */
export async function run({ quick, progress }: BenchOptions): Promise<Result[]> {
  const torrents = 10_000;
  const seconds = quick ? 5 : 60;
  progress('seeding: no torrents ...');
  const none = await measure(0, seconds);
  progress(`seeding: ${torrents} torrents ...`);
  const many = await measure(torrents, seconds);
  return [
    {
      name: '10,000 idle torrents: memory added',
      unit: 'MB',
      better: 'lower' as const,
      ours: many.memory - none.memory,
      target: 100,
    },
    {
      name: '10,000 idle torrents: CPU, announces with it',
      unit: '% of a core',
      better: 'lower' as const,
      ours: many.cpu,
      target: 5,
    },
    { name: 'the same without torrents: CPU', unit: '% of a core', better: 'lower' as const, ours: none.cpu },
    { name: 'announces', unit: '/s', better: 'higher' as const, ours: many.announces },
  ].map(judge);
}

/** A server whose catalogue has so many torrents, and an hour that is as quiet as a minute. */
async function measure(torrents: number, seconds: number) {
  let announces = 0;
  const tracker = createServer((_, response) => {
    announces++;
    response.end('d8:intervali1800e5:peers0:e');
  });
  tracker.listen(0, '127.0.0.1');
  await once(tracker, 'listening');
  const address = tracker.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP port');
  const dataDir = await mkdtemp(join(tmpdir(), 'modelswarm-bench-'));
  const announce = `http://127.0.0.1:${address.port}/announce`;
  try {
    // The first start makes the catalogue.
    await stop(await start(dataDir, announce));
    fill(join(dataDir, 'catalog.db'), torrents);
    const server = await start(dataDir, announce);
    await setTimeout(5000);
    announces = 0;
    const pid = server.pid ?? 0;
    const { cpu } = await withCpu([pid], () => setTimeout(seconds * 1000));
    const found = { memory: memory(pid).now, cpu: (cpu * 100) / seconds, announces: announces / seconds };
    await stop(server);
    return found;
  } finally {
    tracker.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function start(dataDir: string, tracker: string): Promise<ChildProcess> {
  const command = join(import.meta.dirname, '..', 'bin', 'modelswarm.mjs');
  const args = ['serve', '--port', '0', '--peer-port', '0', '--data-dir', dataDir, '--tracker', tracker];
  const child = spawn(process.execPath, [command, ...args, '--upstream', 'http://127.0.0.1:9'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  if (child.stdout) await once(child.stdout, 'data');
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

function fill(path: string, torrents: number): void {
  const database = new DatabaseSync(path);
  const torrent = database.prepare('INSERT INTO torrents VALUES (?, ?, ?, ?, ?, ?, ?)');
  const repo = database.prepare('INSERT INTO repos (repo, access, checked_at, licenses) VALUES (?, ?, ?, ?)');
  const hex = (): string => randomBytes(20).toString('hex');
  database.exec('BEGIN');
  for (let index = 0; index < torrents; index++) {
    torrent.run(randomBytes(20), hex(), `models/org/m${index}`, hex(), 'model.safetensors', 'default', index);
    repo.run(`models/org/m${index}`, 'public', Date.now(), '["mit"]');
  }
  database.exec('COMMIT');
  database.close();
}
