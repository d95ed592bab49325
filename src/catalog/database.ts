import { DatabaseSync } from 'node:sqlite';
import { isSwarmError, SwarmError } from '../errors.ts';
import { integer } from './row.ts';
import { APPLICATION_ID, MIGRATIONS } from './schema.ts';

/** SQLite's own result codes (sqlite.org/rescode.html). */
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;

/** Extended codes keep the plain one in their low byte. */
function resultCode(error: unknown): number | undefined {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined;
  return typeof code === 'number' ? code & 0xff : undefined;
}

/** Did a write fail because the disk has no room, or is broken? */
export function isDiskTrouble(error: unknown): boolean {
  const code = resultCode(error);
  return code === SQLITE_FULL || code === SQLITE_IOERR || isSwarmError(error, 'DISK_FULL');
}

/**
 * Opens the catalogue's file, or makes it, and brings its tables up to date. One process at a time: the data
 * directory's lock sees to that.
 * Errors: DATA_DIR_FORMAT when the file is damaged, of a newer modelswarm, or not one of ours.
 */
export function openDatabase(path: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    prepareFile(database, path);
    return database;
  } catch (error) {
    if (database?.isOpen) database.close();
    throw damaged(error, path) ?? error;
  }
}

function prepareFile(database: DatabaseSync, path: string): void {
  const version = pragma(database, 'user_version');
  const application = pragma(database, 'application_id');
  const isNew = version === 0 && application === 0 && pragma(database, 'schema_version') === 0;
  if (!isNew && application !== APPLICATION_ID) {
    throw new SwarmError('DATA_DIR_FORMAT', `${path} is not a catalogue of modelswarm; choose another data directory`);
  }
  if (version > MIGRATIONS.length) {
    throw new SwarmError(
      'DATA_DIR_FORMAT',
      `${path} was written by a newer modelswarm (catalogue version ${version}, this one knows ${MIGRATIONS.length}); ` +
        'update modelswarm, or choose another data directory',
    );
  }
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
  if (isNew) database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
  for (const [index, step] of MIGRATIONS.entries()) {
    if (index >= version) database.exec(`BEGIN; ${step} PRAGMA user_version = ${index + 1}; COMMIT;`);
  }
}

function pragma(database: DatabaseSync, name: string): number {
  const row = database.prepare(`PRAGMA ${name}`).get();
  return row ? integer(row, name) : 0;
}

function damaged(error: unknown, path: string): SwarmError | undefined {
  const code = resultCode(error);
  if (code !== SQLITE_CORRUPT && code !== SQLITE_NOTADB) return undefined;
  return new SwarmError(
    'DATA_DIR_FORMAT',
    `${path} is damaged. Delete it (with its -wal and -shm) and start again: held files are checked and kept.`,
    { cause: error },
  );
}

/**
 * Runs `work` in one transaction. It survives the end of the process at once, and a power loss after some seconds: a
 * flush here would hold up every client for the time that the disk takes. Errors: DISK_FULL.
 */
export function transaction(database: DatabaseSync, work: () => void): void {
  try {
    database.exec('BEGIN IMMEDIATE');
    work();
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    if (resultCode(error) !== SQLITE_FULL) throw error;
    const where = database.location() ?? 'the catalogue';
    throw new SwarmError('DISK_FULL', `The disk is full: ${where} could not be written. Free some space.`, {
      cause: error,
    });
  }
}
