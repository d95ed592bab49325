import * as fs from 'node:fs';
import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import type { HashPool } from '../contracts/hasher.ts';
import type { Part, PartSpan } from '../contracts/part.ts';
import { SwarmError } from '../errors.ts';
import { formatClean, formatHeader, formatRecords, type JournalRecord, parseJournal } from './part-journal.ts';

const openFd = promisify(fs.open);
const closeFd = promisify(fs.close);
const truncateFd = promisify(fs.ftruncate);
const syncFd = promisify(fs.fdatasync);

export interface PartFileOptions {
  /** The data file; its journal lies beside it as `<path>.journal`. */
  readonly path: string;
  readonly size: number;
  /** The content id: a journal of another content is thrown away. */
  readonly content: string;
  /** For people who look into the directory: `org/model@commit/path`. */
  readonly source: string;
  /** Checks doubted spans off the main thread. */
  readonly hashing: HashPool;
  /** Go on with what an earlier run may have left at `path`; else start afresh, which takes two steps instead of eight. */
  readonly resume: boolean;
}

interface OpenRecord {
  start: number;
  end: number;
  crc: number;
}

/** Names of the two files of a part. */
export const journalPath = (path: string): string => `${path}.journal`;

/**
 * Opens the part file at `path` (its folder exists), or makes a sparse one of `size` bytes. Errors: DISK_FULL, INTERNAL
 * (I/O). After `commit` the bytes survive a power loss; after `write` alone they survive the end of this process.
 */
export async function openPartFile(options: PartFileOptions): Promise<Part> {
  const { path, size, content, source } = options;
  const header = formatHeader({ format: 1, content, size, source });
  try {
    const previous = options.resume ? await readJournal(options) : undefined;
    // Side by side: a journal without records claims nothing of whatever data lies beside it.
    const journal = previous ? undefined : writeFile(journalPath(path), header, 'latin1');
    const [opened, written] = await Promise.allSettled([openFd(path, previous ? 'r+' : 'w+'), journal]);
    if (opened.status === 'rejected') throw opened.reason;
    try {
      if (written.status === 'rejected') throw written.reason;
      await truncateFd(opened.value, size);
    } catch (error) {
      await closeFd(opened.value);
      throw error;
    }
    return new PartFile(options, opened.value, previous?.records ?? [], previous?.clean ?? true);
  } catch (error) {
    throw ioError(error, 'open', source);
  }
}

async function readJournal(options: PartFileOptions): Promise<ReturnType<typeof parseJournal>> {
  const text = await readFile(journalPath(options.path), 'latin1').catch(() => '');
  const journal = parseJournal(text);
  if (!journal || journal.header.content !== options.content || journal.header.size !== options.size) return undefined;
  const data = await fs.promises.stat(options.path).catch(() => undefined);
  if (!data) return undefined;
  await truncate(journalPath(options.path), journal.validLength);
  // Somebody else had a hand in a file of another length.
  return data.size === options.size ? journal : { ...journal, clean: false };
}

class PartFile implements Part {
  readonly size: number;
  readonly trusted: readonly PartSpan[];
  readonly doubted: readonly PartSpan[];
  readonly #options: PartFileOptions;
  readonly #fd: number;
  readonly #earlier: ReadonlyMap<string, JournalRecord>;
  /** What is in doubt still: as long as there is something, a stop does not count as clean. */
  readonly #unproved: Set<string>;
  /** Finished writes that the journal does not know yet, by their end: a write that continues one extends it. */
  #pending = new Map<number, OpenRecord>();
  #uncommitted = 0;
  /** A write to the journal failed, and may have left a part of a line: another line behind it could read as a wrong record. */
  #torn = false;
  #committing: Promise<void> = Promise.resolve();
  #closed = false;
  #users = 0;
  #onIdle: (() => void) | undefined;

  constructor(options: PartFileOptions, fd: number, records: readonly JournalRecord[], clean: boolean) {
    this.#options = options;
    this.#fd = fd;
    this.size = options.size;
    this.#earlier = new Map(records.map((record) => [spanKey(record), record]));
    this.trusted = clean ? records : [];
    this.doubted = clean ? [] : records;
    this.#unproved = new Set(this.doubted.map(spanKey));
  }

  get uncommitted(): number {
    return this.#uncommitted;
  }

  async write(chunks: readonly Uint8Array[], position: number): Promise<void> {
    let length = 0;
    for (const chunk of chunks) length += chunk.length;
    await this.#use(() => writeFully(this.#fd, chunks, position, length, this.#options.source));
    let record = this.#pending.get(position);
    if (record) this.#pending.delete(position);
    else record = { start: position, end: position, crc: 0 };
    for (const chunk of chunks) record.crc = crc32(chunk, record.crc);
    record.end = position + length;
    this.#pending.set(record.end, record);
    this.#uncommitted += length;
  }

  read(buffer: Uint8Array, position: number): Promise<number> {
    return this.#use(
      () =>
        new Promise((resolve, reject) => {
          fs.read(this.#fd, buffer, 0, buffer.length, position, (error, count) => {
            if (error) reject(ioError(error, 'read', this.#options.source));
            else resolve(count);
          });
        }),
    );
  }

  commit(): Promise<void> {
    const next = this.#committing.then(() => this.#use(() => this.#commitPending()));
    this.#committing = next.catch(() => {});
    return next;
  }

  async #commitPending(): Promise<void> {
    if (this.#pending.size === 0) return;
    const records = [...this.#pending.values()];
    this.#pending = new Map();
    this.#uncommitted = 0;
    await syncFd(this.#fd).catch((error: unknown) => {
      throw ioError(error, 'flush', this.#options.source);
    });
    await this.#append(formatRecords(records));
  }

  async #append(text: string): Promise<void> {
    if (this.#torn) return;
    await fs.promises.appendFile(journalPath(this.#options.path), text, 'latin1').catch((error: unknown) => {
      this.#torn = true;
      throw ioError(error, 'write the journal of', this.#options.source);
    });
  }

  async check(span: PartSpan): Promise<boolean> {
    const key = spanKey(span);
    const record = this.#earlier.get(key);
    if (!record) return false;
    const found = await this.#options.hashing.crc32(this.#options.path, span.start, span.end);
    if (found !== record.crc) return false;
    this.#unproved.delete(key);
    return true;
  }

  async close({ discard = false }: { readonly discard?: boolean } = {}): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#committing;
    try {
      if (!discard) await this.#commitPending();
      if (!discard && this.#unproved.size === 0) await this.#append(formatClean());
    } finally {
      if (this.#users > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
      await closeFd(this.#fd);
    }
    if (!discard) return;
    await rm(this.#options.path, { force: true });
    await rm(journalPath(this.#options.path), { force: true });
  }

  /** Keeps the descriptor open while an operation runs: a closed number may belong to another file the next moment. */
  async #use<T>(operation: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new SwarmError('CLOSED', `${this.#options.source} was closed while it was in use`);
    this.#users++;
    try {
      return await operation();
    } finally {
      if (--this.#users === 0) this.#onIdle?.();
    }
  }
}

const spanKey = ({ start, end }: PartSpan): string => `${start} ${end}`;

function writeFully(
  fd: number,
  chunks: readonly Uint8Array[],
  position: number,
  length: number,
  source: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.writev(fd, chunks as Uint8Array[], position, (error, written) => {
      if (error) return reject(ioError(error, 'write', source));
      if (written === length) return resolve();
      // A short write: the kernel took what it had room for. The rest says why, or goes through.
      writeFully(fd, dropBytes(chunks, written), position + written, length - written, source).then(resolve, reject);
    });
  });
}

function dropBytes(chunks: readonly Uint8Array[], count: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let skip = count;
  for (const chunk of chunks) {
    if (skip >= chunk.length) skip -= chunk.length;
    else {
      rest.push(skip === 0 ? chunk : chunk.subarray(skip));
      skip = 0;
    }
  }
  return rest;
}

function ioError(error: unknown, verb: string, source: string): SwarmError {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new SwarmError(
      'DISK_FULL',
      `The disk is full: could not ${verb} ${source}. Free some space, or lower --max-cache-size.`,
      {
        cause: error,
      },
    );
  }
  return new SwarmError('INTERNAL', `Could not ${verb} ${source}: ${(error as Error).message}`, { cause: error });
}
