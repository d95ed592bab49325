import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { alternate, median } from '../measure.ts';
import type { Measured } from '../result.ts';

const run = promisify(execFile);
const MEMORY_DISK = '/dev/shm';
/** What libtorrent does not compute has no form of its own there: it is compared with a hybrid. */
const FORMS = [
  { form: 'v1', libtorrent: 'v1', target: undefined },
  { form: 'v2', libtorrent: 'v2', target: 1.0 },
  { form: 'hybrid', libtorrent: 'hybrid', target: 1.5 },
  { form: 'hybrid+sha256', libtorrent: 'hybrid', target: 0.9 },
] as const;

interface Timed {
  readonly seconds: number;
  readonly cpu: number;
}

/** Hashing speed of each form of torrent, ours and libtorrent's in turns, each in a process of its own that is warm. */
export async function createRows(options: {
  readonly size: number;
  readonly rounds: number;
  readonly only: string | undefined;
  readonly progress: (line: string) => void;
}): Promise<Measured[]> {
  const { size, rounds, only, progress } = options;
  const folder = await mkdtemp(join(MEMORY_DISK, 'modelswarm-bench-'));
  const path = join(folder, 'model.bin');
  try {
    await pipeline(Readable.from(chunks(size)), createWriteStream(path));
    const rows: Measured[] = [];
    for (const { form, libtorrent, target } of FORMS) {
      if (only !== undefined && only !== form) continue;
      progress(`create: ${form} ...`);
      const { ours, theirs } = await alternate(rounds, {
        ours: () => time(process.execPath, [join(import.meta.dirname, 'ours-process.ts'), path, form]),
        theirs: () => time('/usr/bin/python3', [join(import.meta.dirname, 'libtorrent_create.py'), path, libtorrent]),
      });
      const speed = (side: readonly Timed[]): number => size / 1e6 / median(side.map(({ seconds }) => seconds));
      const cpu = (side: readonly Timed[]): number => (median(side.map((timed) => timed.cpu)) / size) * 2 ** 30;
      rows.push(
        {
          name: form,
          unit: 'MB/s',
          better: 'higher',
          ours: speed(ours),
          peers: { libtorrent: speed(theirs) },
          ...(target === undefined ? {} : { target }),
        },
        { name: `${form}: CPU`, unit: 's/GiB', better: 'lower', ours: cpu(ours), peers: { libtorrent: cpu(theirs) } },
      );
    }
    return rows;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Both programs hash once to get warm, then print the seconds of a second time. */
async function time(program: string, args: readonly string[]): Promise<Timed> {
  const conditions = program === process.execPath ? ['--conditions=modelswarm-source'] : [];
  const { stdout } = await run(program, [...conditions, ...args]);
  return JSON.parse(stdout) as Timed;
}

function* chunks(size: number): Generator<Buffer> {
  for (let done = 0; done < size; done += 1 << 20) yield randomBytes(Math.min(1 << 20, size - done));
}
