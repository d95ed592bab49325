import { Worker } from 'node:worker_threads';
import { SwarmError } from '../errors.ts';
import type { HashAnswer, HashRequest } from './hash-protocol.ts';

/** From source the worker is TypeScript, which Node strips; from dist/ it is JavaScript. */
export const HASH_WORKER: URL = new URL(
  import.meta.url.endsWith('.ts') ? './hash-worker.ts' : './hash-worker.js',
  import.meta.url,
);

/** A job in a thread: it is told what the worker answers, and that the thread is gone. */
export interface ThreadJob {
  answered(answer: HashAnswer): void;
  /** No more answers will come. */
  lost(error: SwarmError): void;
}

/** One worker thread and the jobs that live in it. It keeps the process alive only while an answer is awaited. */
export class HashThread {
  readonly #worker: Worker;
  readonly #jobs = new Map<number, ThreadJob>();
  readonly #onGone: (thread: HashThread) => void;
  #awaited = 0;
  #gone = false;

  /** `program` is what the thread runs. `onGone` is called once, when it has crashed or was ended. */
  constructor(program: URL, onGone: (thread: HashThread) => void) {
    this.#onGone = onGone;
    this.#worker = new Worker(program, { name: 'hash' });
    this.#worker.on('message', (answer: HashAnswer) => this.#jobs.get(answer.id)?.answered(answer));
    this.#worker.on('error', (error) => this.#leave(`crashed: ${error.message}`, error));
    this.#worker.on('exit', (code) => this.#leave(`ended with exit code ${code}`, undefined));
    // Last: listening to messages holds the process again.
    this.#worker.unref();
  }

  /** How many jobs live here. */
  get load(): number {
    return this.#jobs.size;
  }

  /** Starts a job. Its requests carry the same id. */
  add(id: number, job: ThreadJob): void {
    this.#jobs.set(id, job);
  }

  /** Forgets a job; answers to it that are under way are dropped. */
  remove(id: number): void {
    this.#jobs.delete(id);
  }

  send(request: HashRequest): void {
    this.#worker.postMessage(request);
  }

  /** Brackets the time in which somebody waits for an answer. */
  awaitAnswer(): void {
    if (this.#awaited++ === 0 && !this.#gone) this.#worker.ref();
  }

  /** See `awaitAnswer`. */
  answerCame(): void {
    if (--this.#awaited === 0 && !this.#gone) this.#worker.unref();
  }

  /** Ends the thread; what waits is told CLOSED. */
  async end(): Promise<void> {
    this.#lose(new SwarmError('CLOSED', 'Hashing was stopped'));
    // Who waits for the end must not see the process end first.
    this.#worker.ref();
    await this.#worker.terminate();
  }

  #leave(how: string, cause: unknown): void {
    this.#lose(new SwarmError('INTERNAL', `A hash worker ${how}; what it was hashing must start again`, { cause }));
  }

  #lose(error: SwarmError): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#onGone(this);
    const jobs = [...this.#jobs.values()];
    this.#jobs.clear();
    for (const job of jobs) job.lost(error);
  }
}
