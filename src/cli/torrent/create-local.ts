import { stat } from 'node:fs/promises';
import pLimit from 'p-limit';
import type { HashPool } from '../../contracts/hasher.ts';
import type { FileHashes } from '../../contracts/piece-hashes.ts';
import { SwarmError } from '../../errors.ts';
import { hashFile } from '../../hashing/file-hashes.ts';
import {
  type CanonicalLayout,
  planFileTorrent,
  planRepoTorrent,
  type SealedTorrent,
  sealLayout,
  type Variant,
} from '../../metainfo/canonical.ts';
import { NODE_BYTES } from '../../metainfo/merkle.ts';
import type { Terminal } from '../terminal.ts';
import { type LocalContent, type LocalFile, listLocalFiles } from './local-files.ts';
import { showProgress } from './progress.ts';
import { withHashPool } from './with-hash-pool.ts';

/**
 * The canonical torrent of a local file or folder: the same as a server's for the same bytes and names. Throws CONFIG, BAD_TORRENT,
 * TOO_LARGE, INTERNAL (a file cannot be read, or changes meanwhile), and what stopped the command.
 */
export async function createFromPath(
  path: string,
  options: {
    readonly name: string | undefined;
    readonly variant: Variant;
    readonly terminal: Terminal;
    /** Is told the name before anything is hashed; what it throws ends the work. */
    readonly onNamed: (name: string) => Promise<void>;
  },
): Promise<SealedTorrent> {
  const { name, variant, terminal, onNamed } = options;
  const content = await listLocalFiles(path, name);
  const layout = planLocal(content, variant);
  await onNamed(content.name.toString());
  const progress = showProgress(terminal, 'hashing', layout.length);
  let done = 0;
  const onProgress = (bytes: number): void => {
    done += bytes;
    progress.update(done);
  };
  try {
    const hashes = await withHashPool((pool) => {
      // A few files side by side: one alone keeps all threads busy when it is large, but not when it is small.
      const turn = pLimit(pool.threads + 1);
      return Promise.all(
        content.files.map((file) => turn(() => hashLocal(pool, file, layout, { signal: terminal.stop, onProgress }))),
      );
    });
    return sealLayout(layout, (index) => hashes[index] ?? NOTHING);
  } finally {
    progress.stop();
  }
}

const NOTHING: FileHashes = { merkle: { root: new Uint8Array(0), nodes: new Uint8Array(0) }, pieces: [] };

function planLocal({ name, isSingleFile, files }: LocalContent, variant: Variant): CanonicalLayout {
  return isSingleFile ? planFileTorrent(name, files[0]?.length ?? 0, variant) : planRepoTorrent(name, files, variant);
}

async function hashLocal(
  pool: HashPool,
  file: LocalFile,
  { pieceLength, version }: CanonicalLayout,
  options: { readonly signal: AbortSignal; readonly onProgress: (bytes: number) => void },
): Promise<FileHashes> {
  options.signal.throwIfAborted();
  // Without v1 there are no pieces: for a small file they are hashes of hardly anything but a MiB of zeros.
  const pieceLengths = version === 'v2' ? [] : [pieceLength];
  if (file.length === 0) return NOTHING;
  if (file.isLink) {
    const { root, pieces } = await pool.hashRun([Uint8Array.from(file.source)], {
      pieceLengths,
      nodeLength: NODE_BYTES,
    });
    return { merkle: { root, nodes: new Uint8Array(0) }, pieces };
  }
  const hashes = await hashFile(pool, file.source, file.length, { pieceLengths, ...options });
  const after = await stat(file.source);
  if (after.size === file.length && after.mtimeMs === file.modifiedAt) return hashes;
  throw new SwarmError('INTERNAL', `${file.source} was changed while it was being hashed. Nothing was written.`);
}
