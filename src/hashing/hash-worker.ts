/** The thread that hashes. It reads the files itself, so that no bytes cross between threads. */
import { parentPort } from 'node:worker_threads';
import { ForwardFile } from './forward-file.ts';
import { ForwardRun, lengthOf } from './forward-run.ts';
import type { HashAnswer, HashRequest } from './hash-protocol.ts';
import { RunDigest } from './run-digest.ts';
import { ContentDigest, Crc32Digest } from './running-digest.ts';
import { storeRun } from './store-run.ts';

/** Fits the caches of today's processors; larger reads measured slower. */
const BUFFER_BYTES = 1024 * 1024;
/** About 10 ms of work. Between slices other jobs get their turn, and a `close` is heard. */
const SLICE_BYTES = 8 * 1024 * 1024;

interface Job {
  readonly file: ForwardFile | ForwardRun;
  readonly digest: ContentDigest | Crc32Digest | RunDigest;
}

if (!parentPort) throw new Error('hash-worker.ts is started by the hash pool, as a worker thread');
const port = parentPort;
const buffer = new Uint8Array(BUFFER_BYTES);
const jobs = new Map<number, Job>();
/** Jobs with work left, and how far they are to go; the next in turn comes first. */
const targets = new Map<number, number>();
let turning = false;

const answer = (message: HashAnswer): void => port.postMessage(message);

function drop(id: number): void {
  jobs.get(id)?.file.close();
  jobs.delete(id);
  targets.delete(id);
}

function schedule(id: number, target: number): void {
  targets.set(id, target);
  if (turning) return;
  turning = true;
  setImmediate(takeTurn);
}

function takeTurn(): void {
  const [next] = targets;
  if (!next) {
    turning = false;
    return;
  }
  const [id, target] = next;
  targets.delete(id);
  const job = jobs.get(id);
  if (job) workOn(id, job, target);
  setImmediate(takeTurn);
}

function workOn(id: number, { file, digest }: Job, target: number): void {
  try {
    file.advance(Math.min(target, file.position + SLICE_BYTES), buffer, (bytes) => digest.update(bytes));
  } catch (error) {
    drop(id);
    answer({ kind: 'failed', id, reason: error instanceof Error ? error.message : String(error) });
    return;
  }
  if (file.position < target) targets.set(id, target);
  if (digest.kind === 'content') {
    answer({ kind: 'advanced', id, position: file.position });
    return;
  }
  if (file.position < target) return;
  drop(id);
  answer(
    digest.kind === 'run' ? { kind: 'run', id, hashes: digest.finish() } : { kind: 'crc32', id, value: digest.value },
  );
}

function finish(id: number): void {
  const digest = jobs.get(id)?.digest;
  if (digest?.kind !== 'content') return;
  drop(id);
  answer({ kind: 'finished', id, ...digest.digests() });
}

port.on('message', (request: HashRequest) => {
  const { id } = request;
  switch (request.kind) {
    case 'open':
      jobs.set(id, {
        file: new ForwardFile(request.path, 0),
        digest: new ContentDigest(request.size, request.gitOid),
      });
      break;
    case 'advance':
      // A job that has failed is gone, and its failure was told.
      if (jobs.has(id)) schedule(id, request.to);
      break;
    case 'finish':
      finish(id);
      break;
    case 'crc32':
      jobs.set(id, { file: new ForwardFile(request.path, request.start), digest: new Crc32Digest() });
      schedule(id, request.end);
      break;
    case 'run': {
      const bytes = request.parts.reduce((sum, part) => sum + lengthOf(part), 0);
      jobs.set(id, { file: new ForwardRun(request.parts), digest: new RunDigest(request.options) });
      schedule(id, bytes);
      break;
    }
    case 'store':
      // At once: a piece is a few milliseconds of work.
      answer({ kind: 'store', id, outcome: storeRun(request) });
      break;
    case 'close':
      drop(id);
      break;
  }
});
