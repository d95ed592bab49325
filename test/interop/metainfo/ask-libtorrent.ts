import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { PYTHON } from '../torrents/libtorrent.ts';

const SCRIPT = join(import.meta.dirname, 'python/libtorrent_torrents.py');
const MOST_ANSWER_BYTES = 256 * 1024 * 1024;

type Hex = string;

/** What libtorrent has to say of no torrent. */
export interface Refused {
  readonly refused: string;
}

/** A torrent of libtorrent's own: bytes in base64. */
export interface Made {
  readonly torrent: string;
  readonly info: string;
  readonly layers: Readonly<Record<Hex, Hex>>;
}

/** What it reads in a torrent of ours. */
export interface Read {
  readonly infoHash: Hex | null;
  readonly infoHashV2: Hex | null;
  readonly pieceLength: number;
  readonly layers: Readonly<Record<Hex, Hex>>;
  readonly files: readonly {
    readonly path: string;
    readonly length: number;
    readonly offset: number;
    readonly root: Hex;
  }[];
}

/** To one form of one case. `ours` is null where there is no torrent of ours. */
export interface Answer {
  readonly theirs: Made | Refused;
  readonly ours: Read | Refused | null;
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
