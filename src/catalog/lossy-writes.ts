import type { DocumentStore, RefStore } from '../contracts/catalog.ts';
import type { Logger } from '../contracts/logger.ts';
import { isDiskTrouble } from './database.ts';

/** Runs a write that may be lost: on a full disk it is logged and left out, so that reading goes on. */
export function lossily(logger: Logger, write: () => void): void {
  try {
    write();
  } catch (error) {
    if (!isDiskTrouble(error)) throw error;
    logger.warn({ error: (error as Error).message }, 'catalogue: not remembered');
  }
}

/** The same stores, whose writes may be lost: what the Hub said can be asked again, unlike the record of a blob. */
export function withLossyWrites(stores: RefStore & DocumentStore, logger: Logger): RefStore & DocumentStore {
  const lossy =
    <Values extends unknown[]>(write: (...values: Values) => void) =>
    (...values: Values): void =>
      lossily(logger, () => write(...values));
  return {
    ...stores,
    putRepo: lossy(stores.putRepo),
    putCanonical: lossy(stores.putCanonical),
    putRef: lossy(stores.putRef),
    putTree: lossy(stores.putTree),
    putEntry: lossy(stores.putEntry),
    putServable: lossy(stores.putServable),
    putDocument: lossy(stores.putDocument),
  };
}
