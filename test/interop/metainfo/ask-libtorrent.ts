import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { PYTHON } from '../torrents/libtorrent.ts';

const SCRIPT = join(import.meta.dirname, 'python/libtorrent_torrents.py');
const MOST_ANSWER_BYTES = 256 * 1024 * 1024;

/** What libtorrent says to one form of one case. */
export interface Answer {
  /** Its own torrent of the files: bytes in base64. */
  readonly theirs:
    | { readonly refused: string }
    | { readonly torrent: string; readonly info: string; readonly layers: Readonly<Record<string, string>> };
  /** What it reads in ours. */
  readonly ours: {
    readonly infoHash: string | null;
    readonly infoHashV2: string | null;
    readonly pieceLength: number;
    readonly layers: Readonly<Record<string, string>>;
    readonly files: readonly {
      readonly path: string;
      readonly length: number;
      readonly offset: number;
      readonly root: string;
    }[];
  } | null;
}

/** Asks it everything at once: to start it takes longer than to answer. */
export function askLibtorrent(questions: readonly object[]): Answer[] {
  const input = JSON.stringify(questions);
  const { status, stdout, stderr } = spawnSync(PYTHON, [SCRIPT], {
    input,
    encoding: 'utf8',
    maxBuffer: MOST_ANSWER_BYTES,
  });
  if (status !== 0 || stderr !== '') throw new Error(`libtorrent's script ended with ${status}: ${stderr}`);
  return JSON.parse(stdout);
}
