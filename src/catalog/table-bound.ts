import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { integer } from './row.ts';

/** Dropping this share at once makes the exact counting rare. */
const SLACK = 1 / 64;
const BATCH = 1000;

/** Keeps a table under a limit of rows or bytes by dropping what was stored longest ago. */
export class TableBound {
  readonly #limit: number;
  readonly #total: StatementSync;
  readonly #oldest: StatementSync;
  readonly #drop: StatementSync;
  /** Never too low: replacing a row adds to it as well. */
  #estimate: number;

  /** `unit`: what `limit` counts; a table that counts bytes has a column `bytes`. */
  constructor(database: DatabaseSync, table: string, unit: 'rows' | 'bytes', limit: number) {
    const weight = unit === 'rows' ? '1' : 'bytes';
    this.#limit = limit;
    this.#total = database.prepare(
      unit === 'rows'
        ? `SELECT count(*) AS total FROM ${table}`
        : `SELECT coalesce(sum(bytes), 0) AS total FROM ${table}`,
    );
    this.#oldest = database.prepare(
      `SELECT rowid AS number, ${weight} AS weight FROM ${table} WHERE rowid > ? ORDER BY rowid LIMIT ${BATCH}`,
    );
    this.#drop = database.prepare(`DELETE FROM ${table} WHERE rowid <= ?`);
    this.#estimate = this.#count();
  }

  /** To be called after rows were stored, with their count or bytes. */
  added(weight: number): void {
    this.#estimate += weight;
    if (this.#estimate <= this.#limit) return;
    this.#estimate = this.#count();
    if (this.#estimate > this.#limit) this.#trim(this.#limit * (1 - SLACK));
  }

  #trim(target: number): void {
    let last = -1;
    while (this.#estimate > target) {
      const rows = this.#oldest.all(last);
      if (rows.length === 0) break;
      for (const row of rows) {
        if (this.#estimate <= target) break;
        this.#estimate -= integer(row, 'weight');
        last = integer(row, 'number');
      }
    }
    this.#drop.run(last);
  }

  #count(): number {
    const row = this.#total.get();
    return row ? integer(row, 'total') : 0;
  }
}
