import type { FileHasher } from '../contracts/hasher.ts';
import { SwarmError } from '../errors.ts';
import type { Digests } from './hash-bytes.ts';
import type { HashAnswer, HashRequest } from './hash-protocol.ts';
import type { HashThread, ThreadJob } from './hash-thread.ts';

/** The call that waits for the worker's answer; a hasher has one at a time. */
interface Waiting {
  readonly to: number | undefined;
  readonly resolve: (digests: Digests) => void;
  readonly reject: (error: SwarmError) => void;
}

const NO_DIGESTS: Digests = { sha256: '', gitOid: '' };

/** A hasher whose state lives in one worker thread. */
export class ThreadHasher implements FileHasher, ThreadJob {
  readonly #id: number;
  readonly #path: string;
  readonly #size: number;
  readonly #thread: HashThread;
  #position = 0;
  #waiting: Waiting | undefined;
  /** Why no call can succeed any more. */
  #over: SwarmError | undefined;

  constructor(thread: HashThread, id: number, options: { path: string; size: number; gitOid: boolean }) {
    this.#thread = thread;
    this.#id = id;
    this.#path = options.path;
    this.#size = options.size;
    thread.add(id, this);
    thread.send({ kind: 'open', id, ...options });
  }

  get position(): number {
    return this.#position;
  }

  async advance(to: number): Promise<void> {
    if (!(to >= this.#position && to <= this.#size)) {
      const span = `[${this.#position}, ${this.#size}]`;
      throw new SwarmError('INTERNAL', `${this.#path}: cannot hash up to byte ${to}, which is outside ${span}`);
    }
    if (to === this.#position && !this.#waiting && !this.#over) return;
    await this.#ask({ kind: 'advance', id: this.#id, to }, to);
  }

  async finish(): Promise<Digests> {
    if (this.#position !== this.#size) {
      const what = `${this.#path}: hashed ${this.#position} of ${this.#size} bytes`;
      throw new SwarmError('INTERNAL', `${what}; it is too early for its digests`);
    }
    return this.#ask({ kind: 'finish', id: this.#id }, undefined);
  }

  close(): void {
    if (!this.#over) this.#thread.send({ kind: 'close', id: this.#id });
    this.#end(new SwarmError('CLOSED', `${this.#path}: its hashing was stopped`));
  }

  answered(answer: HashAnswer): void {
    switch (answer.kind) {
      case 'advanced':
        this.#position = answer.position;
        if (answer.position === this.#waiting?.to) this.#settle()?.resolve(NO_DIGESTS);
        break;
      case 'finished': {
        const waiting = this.#settle();
        this.#end(new SwarmError('CLOSED', `${this.#path}: its hasher has finished`));
        waiting?.resolve({ sha256: answer.sha256, gitOid: answer.gitOid });
        break;
      }
      case 'failed':
        this.#end(new SwarmError('INTERNAL', `Could not hash a file: ${answer.reason}`));
        break;
      case 'crc32':
        break;
    }
  }

  lost(error: SwarmError): void {
    this.#end(error);
  }

  #ask(request: HashRequest, to: number | undefined): Promise<Digests> {
    if (this.#over) return Promise.reject(this.#over);
    if (this.#waiting) {
      return Promise.reject(new SwarmError('INTERNAL', `${this.#path}: two calls of one hasher at a time`));
    }
    return new Promise((resolve, reject) => {
      this.#waiting = { to, resolve, reject };
      this.#thread.awaitAnswer();
      this.#thread.send(request);
    });
  }

  #settle(): Waiting | undefined {
    const waiting = this.#waiting;
    if (!waiting) return undefined;
    this.#waiting = undefined;
    this.#thread.answerCame();
    return waiting;
  }

  #end(reason: SwarmError): void {
    if (this.#over) return;
    this.#over = reason;
    this.#thread.remove(this.#id);
    this.#settle()?.reject(reason);
  }
}
