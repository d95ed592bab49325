import { leaveOnAbort } from '../base/leave-on-abort.ts';
import type { Clock } from '../contracts/clock.ts';

/** For how long something may go on, and what it ends with. */
export interface Deadline {
  readonly clock: Clock;
  readonly milliseconds: number;
  readonly signal: AbortSignal;
  /** What it rejects with when the time is over. */
  readonly late: () => Error;
}

/** Runs work that ends, at the latest, when the time is over or the signal is aborted: even when it does not listen to its signal. */
export async function withDeadline<T>(deadline: Deadline, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { clock, milliseconds, late } = deadline;
  deadline.signal.throwIfAborted();
  const stop = new AbortController();
  const done = new AbortController();
  clock.sleep(milliseconds, done.signal).then(
    () => stop.abort(late()),
    () => {},
  );
  const signal = AbortSignal.any([deadline.signal, stop.signal]);
  try {
    return await leaveOnAbort(work(signal), signal);
  } finally {
    done.abort();
  }
}
