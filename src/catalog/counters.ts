import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../contracts/clock.ts';
import type { Counters, RepoCounters } from '../contracts/counters.ts';
import type { RepoRef, RepoType } from '../contracts/domain.ts';
import type { Logger } from '../contracts/logger.ts';
import { repoKey } from './content-key.ts';
import { transaction } from './database.ts';
import { lossily } from './lossy-writes.ts';
import { integer, type Row, text } from './row.ts';
import { TableBound } from './table-bound.ts';

/** Amounts are added up in memory and written this often. */
const FLUSH_MS = 1000;
/** ... or when so many repos were counted. */
const MOST_PENDING = 10_000;

type Amounts = ReturnType<Counters['totals']>;
type Sums = { -readonly [Name in keyof Amounts]: Amounts[Name] };

const COLUMNS = 'requests, bytes_to_clients, bytes_from_hub, bytes_by_peers';
const none = (): Sums => ({ requests: 0, bytesToClients: 0, bytesFromHub: 0, bytesByPeers: 0 });

/**
 * What was served, per repo and altogether. `flush` writes what `add` has noted; it runs by itself until `signal` aborts.
 * Only requests move `lastRequest`; it is 0 where there was none yet. `mostRepos` bounds the table: the repos that nothing
 * was counted for the longest are forgotten, and stay in the totals.
 */
export function createCounters(
  database: DatabaseSync,
  options: {
    readonly clock: Clock;
    readonly logger: Logger;
    readonly signal: AbortSignal;
    readonly mostRepos: number;
  },
): Counters & { flush(): void } {
  const { clock, logger, signal } = options;
  const get = database.prepare(`SELECT ${COLUMNS}, last_request FROM counters WHERE repo = ?`);
  const put = database.prepare(
    `INSERT OR REPLACE INTO counters (repo, ${COLUMNS}, last_request) VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const putTotals = database.prepare(
    'UPDATE counter_totals SET requests = ?, bytes_to_clients = ?, bytes_from_hub = ?, bytes_by_peers = ?',
  );
  const top = database.prepare(
    `SELECT repo, ${COLUMNS}, last_request FROM counters ORDER BY bytes_to_clients DESC, last_request DESC LIMIT ?`,
  );
  const bound = new TableBound(database, 'counters', 'rows', options.mostRepos);
  const totals = readTotals(database);
  const pending = new Map<string, Sums & { lastRequest: number }>();
  let flushIsDue = false;

  function write(key: string, { lastRequest, ...added }: Sums & { lastRequest: number }): void {
    const row = get.get(key);
    const sums = row ? toSums(row) : none();
    addTo(sums, added);
    const requestedAt = row && added.requests === 0 ? integer(row, 'last_request') : lastRequest;
    // A new row each time: the table is bounded by dropping the oldest.
    put.run(key, ...values(sums), requestedAt);
    bound.added(1);
  }

  function flush(): void {
    if (pending.size === 0 || !database.isOpen) return;
    lossily(logger, () => {
      transaction(database, () => {
        for (const [key, added] of pending) write(key, added);
        putTotals.run(...values(totals));
      });
    });
    pending.clear();
  }

  async function flushLater(): Promise<void> {
    await clock.sleep(FLUSH_MS, signal);
    flushIsDue = false;
    flush();
  }

  function pendingOf(key: string): Sums & { lastRequest: number } {
    let sums = pending.get(key);
    if (!sums) {
      sums = { ...none(), lastRequest: 0 };
      pending.set(key, sums);
    }
    return sums;
  }

  return {
    flush,
    add(repo: RepoRef, amounts) {
      const sums = pendingOf(repoKey(repo));
      addTo(sums, amounts);
      addTo(totals, amounts);
      if (amounts.requests) sums.lastRequest = clock.now();
      if (pending.size >= MOST_PENDING) flush();
      if (flushIsDue) return;
      flushIsDue = true;
      flushLater().catch(() => {
        // Closed: `close` has flushed.
      });
    },
    topRepos(limit) {
      flush();
      return top.all(limit).map(toCounters);
    },
    totals: () => ({ ...totals }),
  };
}

function addTo(sums: Sums, amounts: Partial<Amounts>): void {
  sums.requests += amounts.requests ?? 0;
  sums.bytesToClients += amounts.bytesToClients ?? 0;
  sums.bytesFromHub += amounts.bytesFromHub ?? 0;
  sums.bytesByPeers += amounts.bytesByPeers ?? 0;
}

/** In the order of `COLUMNS`. */
function values({ requests, bytesToClients, bytesFromHub, bytesByPeers }: Amounts): number[] {
  return [requests, bytesToClients, bytesFromHub, bytesByPeers];
}

function toSums(row: Row): Sums {
  return {
    requests: integer(row, 'requests'),
    bytesToClients: integer(row, 'bytes_to_clients'),
    bytesFromHub: integer(row, 'bytes_from_hub'),
    bytesByPeers: integer(row, 'bytes_by_peers'),
  };
}

function toCounters(row: Row): RepoCounters {
  const [type = '', ...id] = text(row, 'repo').split('/');
  const repo = { type: type as RepoType, id: id.join('/') };
  return { repo, ...toSums(row), lastRequest: integer(row, 'last_request') };
}

function readTotals(database: DatabaseSync): Sums {
  const row = database.prepare(`SELECT ${COLUMNS} FROM counter_totals`).get();
  return row ? toSums(row) : none();
}
