import type { DocumentStore, RefStore } from '../contracts/catalog.ts';
import type { Logger } from '../contracts/logger.ts';

const SQLITE_FULL = 13;
const SQLITE_IOERR = 10;

/** Did SQLite fail because the disk has no room, or is broken? (Extended codes keep the plain one in their low byte.) */
function isDiskTrouble(error: unknown): boolean {
  const code = Number((error as { errcode?: unknown }).errcode) & 0xff;
  return code === SQLITE_FULL || code === SQLITE_IOERR;
}

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
