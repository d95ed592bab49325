import pLimit from 'p-limit';
import type { HashPool } from '../../contracts/hasher.ts';
import type { Torrent } from '../../metainfo/torrent.ts';
import type { Terminal } from '../terminal.ts';
import { type ContentFile, findContent } from './content-files.ts';
import { showProgress } from './progress.ts';
import { checkMerkle } from './verify-merkle.ts';
import { checkPieces } from './verify-pieces.ts';
import { withHashPool } from './with-hash-pool.ts';

/** Bytes `[start, end)` of a file that do not match. */
export type BadRange = readonly [start: number, end: number];

/** What was found of one file. */
export interface FileVerdict {
  readonly path: string;
  readonly length: number;
  readonly status: 'ok' | 'missing' | 'wrong-size' | 'bad';
  readonly badRanges: readonly BadRange[];
}

/** What was found of a torrent's content. */
export interface Verdict {
  readonly files: readonly FileVerdict[];
  /** A hybrid's pieces count once. */
  readonly badPieces: number;
}

/** Notes what does not match: bytes of a file of the torrent, which are whole pieces as far as they are in the file. */
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
export async function verifyContent(torrent: Torrent, path: string, terminal: Terminal): Promise<Verdict> {
  const files = await findContent(torrent, path);
  const bad = new Map<ContentFile, BadRange[]>();
  const badPieces = new Set<number>();
  const sides = torrent.version === 'hybrid' ? 2 : 1;
  const progress = showProgress(terminal, 'verifying', torrent.length * sides);
  let done = 0;
  const check: Omit<Check, 'pool' | 'turn'> = {
    torrent,
    files,
    signal: terminal.stop,
    onBad: (file, start, end) => {
      const ranges = bad.get(file) ?? [];
      if (ranges.length === 0) bad.set(file, ranges);
      ranges.push([start, end]);
      const { offset } = file.file;
      const last = Math.ceil((offset + end) / torrent.pieceLength);
      for (let piece = Math.floor((offset + start) / torrent.pieceLength); piece < last; piece++) badPieces.add(piece);
    },
    onProgress: (bytes) => {
      done += bytes;
      progress.update(done);
    },
  };
  try {
    await withHashPool(async (pool) => {
      const turn = pLimit(pool.threads + 1);
      if (torrent.version !== 'v2') await checkPieces({ ...check, pool, turn: (work) => turn(work) });
      if (torrent.version !== 'v1') await checkMerkle({ ...check, pool, turn: (work) => turn(work) });
    });
  } finally {
    progress.stop();
  }
  return { files: files.map((content) => verdictOf(content, bad.get(content) ?? [])), badPieces: badPieces.size };
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
