import { access, constants, open, rm, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { openDataDir } from '../../blobs/data-dir.ts';
import { isSwarmError } from '../../errors.ts';
import { formatSize } from '../values.ts';
import { type Finding, reasonOf } from './finding.ts';

const PROBE_BYTES = 8 * 1024 * 1024;

/**
 * Looks at one data directory: is it ours, free to use, writable, and is there room? A directory that does not exist is not
 * made; then its place is looked at. `serverRuns`: a modelswarm answers on our port, so the lock is probably its.
 */
export async function checkDataDir(path: string, minFreeSpace: number, serverRuns: boolean): Promise<Finding[]> {
  const check = `data-dir ${path}`;
  const fail = (detail: string): Finding[] => [{ check, status: 'fail', detail }];
  const place = await nearestExisting(resolve(path));
  const exists = place === resolve(path);
  let state = exists ? 'ready' : 'will be made on the first start';
  if (exists) {
    try {
      (await openDataDir(path)).close();
    } catch (error) {
      if (!isSwarmError(error, 'DATA_DIR_LOCKED') || !serverRuns) return fail(reasonOf(error));
      state = 'in use by the server that runs';
    }
  }
  try {
    await access(place, constants.W_OK);
    const { bavail, bsize } = await statfs(place);
    const free = bavail * bsize;
    const room = `${formatSize(free)} free`;
    if (free < minFreeSpace) {
      return fail(`only ${room}, less than the ${formatSize(minFreeSpace)} of --min-free-space: nothing can be stored`);
    }
    const speed = exists ? `, writes ${formatSize(await writeSpeed(place))}/s` : '';
    return [{ check, status: 'ok', detail: `${state}, ${room}${speed}` }];
  } catch (error) {
    return fail(`cannot be written: ${reasonOf(error)}`);
  }
}

async function nearestExisting(path: string): Promise<string> {
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  return exists || dirname(path) === path ? path : nearestExisting(dirname(path));
}

/** Bytes per second that reach the disk. */
async function writeSpeed(directory: string): Promise<number> {
  const path = join(directory, `doctor-${process.pid}.tmp`);
  const file = await open(path, 'wx');
  try {
    const startedAt = performance.now();
    await file.write(new Uint8Array(PROBE_BYTES));
    await file.sync();
    return (PROBE_BYTES * 1000) / (performance.now() - startedAt);
  } finally {
    await file.close();
    await rm(path);
  }
}
