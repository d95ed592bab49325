/**
 * The tables of the catalogue. One step per version, applied in order; the file keeps its version in `user_version`.
 * A step that was released is never changed: the next one says what changes.
 *
 * `repo` columns hold `type/id`, compared case-sensitively, as the Hub spells it. Rows are dropped oldest first, in the
 * order of their rowid: what is stored again gets a new one.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE repos (repo TEXT PRIMARY KEY NOT NULL, access TEXT NOT NULL, checked_at INTEGER NOT NULL);
  CREATE TABLE canonical_names (alias TEXT PRIMARY KEY NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL);
  CREATE TABLE refs (
    repo TEXT NOT NULL,
    revision TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    checked_at INTEGER NOT NULL,
    PRIMARY KEY (repo, revision)
  );
  CREATE TABLE entries (
    repo TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    path TEXT NOT NULL,
    size INTEGER NOT NULL,
    git_oid TEXT NOT NULL,
    sha256 TEXT,
    xet_hash TEXT,
    PRIMARY KEY (repo, commit_id, path)
  );
  CREATE TABLE trees (
    repo TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    document BLOB NOT NULL,
    PRIMARY KEY (repo, commit_id)
  );
  CREATE TABLE servable (repo TEXT NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (repo, sha256));
  CREATE TABLE documents (
    key TEXT PRIMARY KEY NOT NULL,
    bytes INTEGER NOT NULL,
    status INTEGER NOT NULL,
    headers TEXT NOT NULL,
    stored_at INTEGER NOT NULL,
    body BLOB NOT NULL
  );
  CREATE TABLE blobs (
    sha256 TEXT PRIMARY KEY NOT NULL,
    size INTEGER NOT NULL,
    git_oid TEXT NOT NULL,
    directory TEXT NOT NULL,
    used_at INTEGER NOT NULL,
    pinned INTEGER NOT NULL,
    verified_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX blobs_by_use ON blobs (pinned, used_at);
  CREATE INDEX blobs_by_verification ON blobs (verified_at);
  CREATE TABLE contents (id TEXT PRIMARY KEY NOT NULL, sha256 TEXT NOT NULL) WITHOUT ROWID;
  CREATE INDEX contents_by_blob ON contents (sha256);
  `,
  // Licences: null says that nobody has asked yet, so the repo's record is made ten minutes older, which is when it is asked for again.
  `
  ALTER TABLE repos ADD COLUMN licenses TEXT;
  UPDATE repos SET checked_at = checked_at - 600000;
  CREATE TABLE merkle_hashes (sha256 TEXT PRIMARY KEY NOT NULL, root BLOB NOT NULL, nodes BLOB NOT NULL);
  CREATE TABLE piece_hashes (
    sha256 TEXT NOT NULL,
    piece_length INTEGER NOT NULL,
    pieces BLOB NOT NULL,
    padded_last BLOB NOT NULL,
    PRIMARY KEY (sha256, piece_length)
  );
  CREATE TABLE counters (
    repo TEXT PRIMARY KEY NOT NULL,
    requests INTEGER NOT NULL,
    bytes_to_clients INTEGER NOT NULL,
    bytes_from_hub INTEGER NOT NULL,
    bytes_by_peers INTEGER NOT NULL,
    last_request INTEGER NOT NULL
  );
  CREATE TABLE counter_totals (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    requests INTEGER NOT NULL,
    bytes_to_clients INTEGER NOT NULL,
    bytes_from_hub INTEGER NOT NULL,
    bytes_by_peers INTEGER NOT NULL
  );
  INSERT INTO counter_totals VALUES (1, 0, 0, 0, 0);
  `,
  `
  CREATE TABLE torrents (
    info_hash BLOB PRIMARY KEY NOT NULL,
    lookup_key TEXT NOT NULL,
    repo TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    path TEXT NOT NULL,
    variant TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE UNIQUE INDEX torrents_by_lookup_key ON torrents (lookup_key);
  `,
  `
  ALTER TABLE torrents ADD COLUMN made_at INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX torrents_by_age ON torrents (path = '', made_at);
  `,
];

/** Marks the file as ours (SQLite's `application_id`): "mswm". */
export const APPLICATION_ID = 0x6d73776d;
