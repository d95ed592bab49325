import { access, constants, mkdir, open, readdir, readFile, realpath, rename } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SwarmError } from '../errors.ts';
import { syncDirectory } from './sync-directory.ts';

/** The layout that this version writes. A later one raises it and brings older directories up to date. */
const FORMAT = 1;
const FORMAT_FILE = 'format';
const LOCK_FILE = 'lock.db';
/** What a directory may hold that was never used: a file system's own folder, and what a crash in the first start leaves. */
const MAY_BE_THERE = /^(lost\+found|lock\.db(-journal|-wal|-shm)?|format\.new)$/;
/** SQLite's result code for "somebody else holds the lock" (sqlite.org/rescode.html). */
const SQLITE_BUSY = 5;

/** A directory of ours, held by this process. */
export interface DataDir {
  /** Absolute, without symbolic links. */
  readonly path: string;
  /** Gives the lock back. Idempotent. */
  close(): void;
}

/**
 * Makes or opens a directory for data of ours, and takes it for this process alone. The lock is the kernel's: it ends
 * with the process, however that ends. Each store directory is opened like this.
 * Errors: DATA_DIR_LOCKED (another process has it), DATA_DIR_FORMAT (of a newer modelswarm, or not one of ours),
 * CONFIG (cannot be made, read or written).
 */
export async function openDataDir(path: string): Promise<DataDir> {
  try {
    await makeFolder(resolve(path));
    const real = await realpath(path);
    await refuseForeign(real);
    await access(real, constants.W_OK | constants.X_OK);
    const lock = takeLock(real);
    try {
      await checkFormat(real);
    } catch (error) {
      lock.close();
      throw error;
    }
    return { path: real, close: () => void (lock.isOpen && lock.close()) };
  } catch (error) {
    if (error instanceof SwarmError) throw error;
    throw new SwarmError('CONFIG', `The data directory ${path} cannot be used: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

// Node's recursive mkdir goes round for ever where a folder is there but takes no others (/proc, an automounter's).
async function makeFolder(path: string): Promise<void> {
  if (await isThere(path)) return;
  const parent = dirname(path);
  if (parent !== path) await makeFolder(parent);
  if (!(await isThere(path))) throw new Error(`no folder can be made in ${parent}`);
}

/** Is it there, at the latest now? False when its parent is missing, or takes no folders. */
async function isThere(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o700 });
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return true;
    if (code === 'ENOENT') return false;
    throw error;
  }
}

async function refuseForeign(path: string): Promise<void> {
  const names = await readdir(path);
  if (names.includes(FORMAT_FILE)) return;
  const foreign = names.filter((name) => !MAY_BE_THERE.test(name));
  if (foreign.length === 0) return;
  throw new SwarmError(
    'DATA_DIR_FORMAT',
    `${path} is not a data directory of modelswarm, and it is not empty (it holds ${foreign[0]}); choose another one`,
  );
}

/**
 * An SQLite database under an exclusive lock: unlike a file with a process id it cannot be left behind, and unlike
 * flock(1) it needs nothing but Node. The database stays empty.
 */
function takeLock(path: string): DatabaseSync {
  const lock = new DatabaseSync(join(path, LOCK_FILE), { timeout: 0 });
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined;
    if (code !== SQLITE_BUSY) throw error;
    throw new SwarmError(
      'DATA_DIR_LOCKED',
      `${path} is in use by another modelswarm; stop that one, or give this one its own data directory`,
    );
  }
}

async function checkFormat(path: string): Promise<void> {
  const file = join(path, FORMAT_FILE);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return writeFormat(path);
  const format = /^([1-9]\d{0,8})\n?$/.exec(text)?.[1];
  if (format === undefined) {
    throw new SwarmError('DATA_DIR_FORMAT', `${file} does not hold a format number; is ${path} the right directory?`);
  }
  if (Number(format) > FORMAT) {
    throw new SwarmError(
      'DATA_DIR_FORMAT',
      `${path} was written by a newer modelswarm (format ${format}, this one knows ${FORMAT}); update modelswarm`,
    );
  }
}

async function writeFormat(path: string): Promise<void> {
  const draft = join(path, `${FORMAT_FILE}.new`);
  const file = await open(draft, 'w');
  try {
    await file.writeFile(`${FORMAT}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, join(path, FORMAT_FILE));
  await syncDirectory(path);
}
