import { availableParallelism } from 'node:os';
import type { FileHasher, HashPool } from '../contracts/hasher.ts';
import { SwarmError } from '../errors.ts';
import { HASH_WORKER, HashThread } from './hash-thread.ts';
import { ThreadHasher } from './thread-hasher.ts';

/** One thread hashes about 1 GB/s (SHA-256 and SHA-1 with SHA instructions): two outrun most disks and networks. */
const DEFAULT_THREADS = 2;

export interface HashPoolOptions {
  /** How many threads at most. Default: 2, or 1 on a single core. */
  readonly threads?: number;
  /** The program of the threads, which speaks hash-protocol.ts. Default: our own. */
  readonly program?: URL;
}

/**
 * Worker threads that hash files. A thread starts when it is first needed, and does not keep the process alive while it
 * is idle; a thread that crashes fails its hashers with INTERNAL and is replaced by the next call.
 */
export function createHashPool(options: HashPoolOptions = {}): HashPool {
  const { threads = Math.min(DEFAULT_THREADS, availableParallelism()), program = HASH_WORKER } = options;
  return new WorkerHashPool(threads, program);
}

class WorkerHashPool implements HashPool {
  readonly #most: number;
  readonly #program: URL;
  readonly #threads = new Set<HashThread>();
  #lastId = 0;
  #closed = false;

  constructor(most: number, program: URL) {
    this.#most = most;
    this.#program = program;
  }

  open(path: string, size: number, options: { readonly gitOid?: boolean } = {}): FileHasher {
    const gitOid = options.gitOid ?? true;
    return new ThreadHasher(this.#leastLoaded(), ++this.#lastId, { path, size, gitOid });
  }

  async crc32(path: string, start: number, end: number): Promise<number> {
    const thread = this.#leastLoaded();
    const id = ++this.#lastId;
    thread.awaitAnswer();
    try {
      return await new Promise((resolve, reject) => {
        thread.add(id, {
          answered(answer) {
            if (answer.kind === 'crc32') resolve(answer.value);
            if (answer.kind === 'failed')
              reject(new SwarmError('INTERNAL', `Could not check a file: ${answer.reason}`));
          },
          lost: reject,
        });
        thread.send({ kind: 'crc32', id, path, start, end });
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
    if (least && (least.load === 0 || this.#threads.size >= this.#most)) return least;
    const started = new HashThread(this.#program, (gone) => this.#threads.delete(gone));
    this.#threads.add(started);
    return started;
  }
}
