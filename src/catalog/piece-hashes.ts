import type { DatabaseSync } from 'node:sqlite';
import type { Logger } from '../contracts/logger.ts';
import type { PieceHashStore } from '../contracts/piece-hashes.ts';
import { transaction } from './database.ts';
import { lossily } from './lossy-writes.ts';
import { bytes } from './row.ts';

const TABLES = ['merkle_hashes', 'piece_hashes'];

/**
 * Piece hashes by the SHA-256 of the bytes. They are put before the blob gets its row and removed with it
 * (`createHashRemoval`); those whose blob has no row are dropped here, once. On a full disk they are not remembered.
 */
export function createPieceHashStore(database: DatabaseSync, logger: Logger): PieceHashStore {
  lossily(logger, () => dropOrphans(database));
  const getMerkle = database.prepare('SELECT root, nodes FROM merkle_hashes WHERE sha256 = ?');
  const putMerkle = database.prepare('INSERT OR REPLACE INTO merkle_hashes (sha256, root, nodes) VALUES (?, ?, ?)');
  const getPieces = database.prepare(
    'SELECT pieces, padded_last FROM piece_hashes WHERE sha256 = ? AND piece_length = ?',
  );
  const putPieces = database.prepare(
    'INSERT OR REPLACE INTO piece_hashes (sha256, piece_length, pieces, padded_last) VALUES (?, ?, ?, ?)',
  );
  const both = database.prepare(
    `SELECT 1 FROM merkle_hashes JOIN piece_hashes ON piece_hashes.sha256 = merkle_hashes.sha256
     WHERE merkle_hashes.sha256 = ? AND piece_length = ?`,
  );
  return {
    has: (sha256, pieceLength) => both.get(sha256, pieceLength) !== undefined,
    merkleHashes(sha256) {
      const row = getMerkle.get(sha256);
      return row && { root: bytes(row, 'root'), nodes: bytes(row, 'nodes') };
    },
    pieceHashes(sha256, pieceLength) {
      const row = getPieces.get(sha256, pieceLength);
      return row && { pieceLength, pieces: bytes(row, 'pieces'), paddedLast: bytes(row, 'padded_last') };
    },
    putHashes(sha256, { merkle, pieces }) {
      lossily(logger, () => {
        transaction(database, () => {
          putMerkle.run(sha256, merkle.root, merkle.nodes);
          for (const side of pieces) putPieces.run(sha256, side.pieceLength, side.pieces, side.paddedLast);
        });
      });
    },
  };
}

/** Makes the function that removes what is known of a blob's bytes; it runs in the transaction that removes the blob. */
export function createHashRemoval(database: DatabaseSync): (sha256: string) => void {
  const removals = TABLES.map((table) => database.prepare(`DELETE FROM ${table} WHERE sha256 = ?`));
  return (sha256) => {
    for (const removal of removals) removal.run(sha256);
  };
}

/** Compares names by their indexes: the rows themselves may be megabytes. */
function dropOrphans(database: DatabaseSync): void {
  for (const table of TABLES) {
    database.exec(`DELETE FROM ${table} WHERE sha256 IN (SELECT sha256 FROM ${table} EXCEPT SELECT sha256 FROM blobs)`);
  }
}
