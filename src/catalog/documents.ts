import type { DatabaseSync } from 'node:sqlite';
import type { DocumentStore, StoredDocument } from '../contracts/catalog.ts';
import { bytes, integer, text } from './row.ts';
import { TableBound } from './table-bound.ts';

/** Answers of the Hub's API on disk. `mostBytes` bounds their bodies and headers; a larger document is not stored. */
export function createDocumentStore(database: DatabaseSync, mostBytes: number): DocumentStore {
  const get = database.prepare('SELECT status, headers, stored_at, body FROM documents WHERE key = ?');
  const put = database.prepare(
    'INSERT OR REPLACE INTO documents (key, bytes, status, headers, stored_at, body) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const bound = new TableBound(database, 'documents', 'bytes', mostBytes);
  return {
    document(key) {
      const row = get.get(key);
      if (!row) return undefined;
      return {
        status: integer(row, 'status'),
        headers: JSON.parse(text(row, 'headers')) as StoredDocument['headers'],
        storedAt: integer(row, 'stored_at'),
        body: bytes(row, 'body'),
      };
    },
    putDocument(key, { status, headers, body, storedAt }) {
      const headerText = JSON.stringify(headers);
      const size = key.length + headerText.length + body.length;
      if (size > mostBytes) return;
      put.run(key, size, status, headerText, storedAt, body);
      bound.added(size);
    },
  };
}
