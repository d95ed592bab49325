import { availableParallelism } from 'node:os';
import type {
  FileHasher,
  HashPool,
  RunExpectation,
  RunHashes,
  RunHashOptions,
  RunPart,
  RunWrite,
  StoreOutcome,
} from '../contracts/hasher.ts';
import { SwarmError } from '../errors.ts';
import type { HashAnswer, HashRequest } from './hash-protocol.ts';
import { HASH_WORKER, HashThread } from './hash-thread.ts';
import { ThreadHasher } from './thread-hasher.ts';

/** One thread makes about 0.75 GB/s of all that torrents need (with SHA instructions): eight outrun disks and networks. */
const MOST_DEFAULT_THREADS = 8;

export interface HashPoolOptions {
  /** How many threads at most. Default: one per core, 8 at most. */
  readonly threads?: number;
  /** The program of the threads, which speaks hash-protocol.ts. Default: our own. */
  readonly program?: URL;
}

/**
 * Worker threads that hash files. A thread starts when it is first needed, and does not keep the process alive while it
 * is idle; a thread that crashes fails its hashers with INTERNAL and is replaced by the next call.
 */
export function createHashPool(options: HashPoolOptions = {}): HashPool {
  const { threads = Math.min(MOST_DEFAULT_THREADS, availableParallelism()), program = HASH_WORKER } = options;
  return new WorkerHashPool(threads, program);
}

class WorkerHashPool implements HashPool {
  readonly threads: number;
  readonly sharesMemory = true;
  readonly #program: URL;
  readonly #threads = new Set<HashThread>();
  #lastId = 0;
  #closed = false;

  constructor(most: number, program: URL) {
    this.threads = most;
    this.#program = program;
  }

  open(path: string, size: number, options: { readonly gitOid?: boolean } = {}): FileHasher {
    const gitOid = options.gitOid ?? true;
    return new ThreadHasher(this.#leastLoaded(), ++this.#lastId, { path, size, gitOid });
  }

  crc32(path: string, start: number, end: number): Promise<number> {
    return this.#ask((id) => ({ kind: 'crc32', id, path, start, end }), valueOfCrc);
  }

  hashRun(parts: readonly RunPart[], options: RunHashOptions): Promise<RunHashes> {
    return this.#ask((id) => ({ kind: 'run', id, parts, options }), hashesOfRun);
  }

  storeRun(
    bytes: Uint8Array,
    options: RunHashOptions,
    expected: RunExpectation,
    writes: readonly RunWrite[],
  ): Promise<StoreOutcome> {
    return this.#ask((id) => ({ kind: 'store', id, bytes, options, expected, writes }), outcomeOfStore);
  }

  /** One request with one answer. `read` gives what is wanted of it, or undefined when it is another kind of answer. */
  async #ask<T>(request: (id: number) => HashRequest, read: (answer: HashAnswer) => T | undefined): Promise<T> {
    const thread = this.#leastLoaded();
    const id = ++this.#lastId;
    thread.awaitAnswer();
    try {
      return await new Promise((resolve, reject) => {
        thread.add(id, {
          answered(answer) {
            const value = read(answer);
            if (value !== undefined) resolve(value);
            if (answer.kind === 'failed') reject(new SwarmError('INTERNAL', `Could not hash a file: ${answer.reason}`));
          },
          lost: reject,
        });
        thread.send(request(id));
      });
    } finally {
      thread.remove(id);
      thread.answerCame();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#threads].map((thread) => thread.end()));
  }

  #leastLoaded(): HashThread {
    if (this.#closed) throw new SwarmError('CLOSED', 'Hashing was stopped');
    let least: HashThread | undefined;
    for (const thread of this.#threads) if (!least || thread.load < least.load) least = thread;
    if (least && (least.load === 0 || this.#threads.size >= this.threads)) return least;
    const started = new HashThread(this.#program, (gone) => this.#threads.delete(gone));
    this.#threads.add(started);
    return started;
  }
}

const valueOfCrc = (answer: HashAnswer): number | undefined => (answer.kind === 'crc32' ? answer.value : undefined);
const outcomeOfStore = (answer: HashAnswer): StoreOutcome | undefined =>
  answer.kind === 'store' ? answer.outcome : undefined;
const hashesOfRun = (answer: HashAnswer): RunHashes | undefined => (answer.kind === 'run' ? answer.hashes : undefined);
