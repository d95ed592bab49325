/**
 * Runs jobs, `width` of them at a time. They are made as they are needed, so that there may be millions. Rejects with what the first
 * one that fails rejects with, or with `signal.reason`, and starts no more then.
 */
export async function inParallel(
  jobs: Iterable<() => Promise<void>>,
  width: number,
  signal: AbortSignal,
): Promise<void> {
  const queue = jobs[Symbol.iterator]();
  let failed = false;
  const worker = async (): Promise<void> => {
    for (let next = queue.next(); !next.done && !failed; next = queue.next()) {
      signal.throwIfAborted();
      await next.value();
    }
  };
  const workers = Array.from({ length: width }, () =>
    worker().catch((error: unknown) => {
      failed = true;
      throw error;
    }),
  );
  await Promise.all(workers);
}
