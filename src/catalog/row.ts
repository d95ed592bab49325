import type { SQLOutputValue } from 'node:sqlite';
import { SwarmError } from '../errors.ts';

/** One row as SQLite gives it. */
export type Row = Readonly<Record<string, SQLOutputValue>>;

function wrong(column: string, value: SQLOutputValue | undefined): SwarmError {
  return new SwarmError('INTERNAL', `The catalogue has a ${typeof value} in column ${column}`);
}

/** A TEXT column. Throws INTERNAL when it holds something else. */
export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw wrong(column, value);
  return value;
}

/** An INTEGER column. Throws INTERNAL when it holds something else. */
export function integer(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== 'number') throw wrong(column, value);
  return value;
}

/** A BLOB column. Throws INTERNAL when it holds something else. */
export function bytes(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw wrong(column, value);
  return value;
}
