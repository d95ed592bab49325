import { execFile } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Measured } from '../result.ts';

const run = promisify(execFile);
/** Node itself, two hash threads, and nothing that grows with the file but its hashes (52 bytes per MiB). */
const MOST_MEGABYTES = 250;

/** Peak memory of `modelswarm torrent create` on a file of `bytes`, which is sparse: all of it is read and hashed. */
export async function memoryRow(bytes: number): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'modelswarm-bench-'));
  try {
    const file = await open(join(folder, 'model.bin'), 'w');
    await file.truncate(bytes);
    await file.close();
    const command = join(import.meta.dirname, '..', '..', 'bin', 'modelswarm.mjs');
    const args = ['torrent', 'create', join(folder, 'model.bin'), '--out', join(folder, 'model.torrent')];
    const { stderr } = await run('/usr/bin/time', ['-f', '%M', process.execPath, command, ...args]);
    const megabytes = (Number(stderr.trim().split('\n').at(-1)) * 1024) / 1e6;
    return {
      name: `peak memory of torrent create, ${bytes / 1e9} GB`,
      unit: 'MB',
      better: 'lower',
      ours: megabytes,
      target: MOST_MEGABYTES,
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}
