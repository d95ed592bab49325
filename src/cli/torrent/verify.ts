import pLimit from 'p-limit';
import type { HashPool } from '../../contracts/hasher.ts';
import { createHashPool } from '../../hashing/hash-pool.ts';
import type { Torrent } from '../../metainfo/torrent.ts';
import type { Terminal } from '../terminal.ts';
import { type ContentFile, findContent } from './content-files.ts';
import { showProgress } from './progress.ts';
import { checkMerkle } from './verify-merkle.ts';
import { checkPieces } from './verify-pieces.ts';

/** Bytes `[start, end)` of a file that do not match. */
export type BadRange = readonly [start: number, end: number];

/** What was found of one file. */
export interface FileVerdict {
  readonly path: string;
  readonly length: number;
  readonly status: 'ok' | 'missing' | 'wrong-size' | 'bad';
  readonly badRanges: readonly BadRange[];
}

/** Notes what does not match: bytes of a file of the torrent. */
export type ReportBad = (file: ContentFile, start: number, end: number) => void;

/** What the checks share. */
export interface Check {
  readonly torrent: Torrent;
  readonly files: readonly ContentFile[];
  readonly pool: HashPool;
  readonly signal: AbortSignal;
  /** Runs a piece of work when a thread is free. */
  readonly turn: <T>(work: () => Promise<T>) => Promise<T>;
  readonly onBad: ReportBad;
  readonly onProgress: (bytes: number) => void;
}

/** Compares what is at `path` with a torrent: by its v1 pieces, its v2 trees, or both. */
export async function verifyContent(torrent: Torrent, path: string, terminal: Terminal): Promise<FileVerdict[]> {
  const files = await findContent(torrent, path);
  const bad = new Map<ContentFile, BadRange[]>();
  const sides = torrent.version === 'hybrid' ? 2 : 1;
  const progress = showProgress(terminal, 'verifying', torrent.length * sides);
  const pool = createHashPool();
  const turn = pLimit(pool.threads + 1);
  let done = 0;
  const check: Check = {
    torrent,
    files,
    pool,
    signal: terminal.stop,
    turn: (work) => turn(work),
    onBad: (file, start, end) => {
      bad.set(file, [...(bad.get(file) ?? []), [start, end]]);
    },
    onProgress: (bytes) => {
      done += bytes;
      progress.update(done);
    },
  };
  try {
    if (torrent.version !== 'v2') await checkPieces(check);
    if (torrent.version !== 'v1') await checkMerkle(check);
  } finally {
    progress.stop();
    await pool.close();
  }
  return files.map((content) => verdictOf(content, bad.get(content) ?? []));
}

function verdictOf({ file, size }: ContentFile, bad: readonly BadRange[]): FileVerdict {
  const { path, length } = file;
  if (size === undefined) return { path, length, status: 'missing', badRanges: [[0, length]] };
  const badRanges = joinRanges(bad);
  if (size !== length) return { path, length, status: 'wrong-size', badRanges };
  return { path, length, status: badRanges.length > 0 ? 'bad' : 'ok', badRanges };
}

function joinRanges(ranges: readonly BadRange[]): BadRange[] {
  const joined: BadRange[] = [];
  for (const [start, end] of [...ranges].sort(([one], [other]) => one - other)) {
    const last = joined.at(-1);
    if (last && start <= last[1]) joined[joined.length - 1] = [last[0], Math.max(last[1], end)];
    else joined.push([start, end]);
  }
  return joined;
}
