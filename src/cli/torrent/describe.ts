import { toHex } from '../../base/hex.ts';
import { formatMagnet } from '../../metainfo/magnet.ts';
import type { Torrent, TorrentFile } from '../../metainfo/torrent.ts';
import { formatSize } from '../values.ts';

/** Files that are shown to people without `--all`. */
const MOST_SHOWN = 50;

const hex = (bytes: Uint8Array | undefined): string | null => (bytes ? toHex(bytes) : null);

/** The files of a torrent that are files, and not pads. */
export function realFiles({ files }: Torrent): TorrentFile[] {
  return files.filter(({ isPad }) => !isPad);
}

/** A torrent as JSON for scripts: hashes in hex, null for what it does not have. */
export function torrentJson(torrent: Torrent): object {
  return {
    name: torrent.name,
    version: torrent.version,
    infoHash: hex(torrent.infoHash),
    infoHashV2: hex(torrent.infoHashV2),
    pieceLength: torrent.pieceLength,
    pieces: pieceCount(torrent),
    length: torrent.length,
    private: torrent.isPrivate,
    singleFile: torrent.isSingleFile,
    trackers: torrent.trackers,
    webSeeds: torrent.webSeeds,
    httpSeeds: torrent.httpSeeds,
    comment: torrent.comment ?? null,
    createdBy: torrent.createdBy ?? null,
    creationDate: torrent.creationDate ?? null,
    provenance: torrent.provenance ?? null,
    magnet: magnetOf(torrent),
    files: realFiles(torrent).map(({ path, length, offset, root, isExecutable, symlink }) => ({
      path,
      length,
      offset,
      root: hex(root),
      ...(isExecutable ? { executable: true } : {}),
      ...(symlink === undefined ? {} : { symlink }),
    })),
  };
}

/** The same for people. */
export function torrentText(torrent: Torrent, { all }: { readonly all: boolean }): string {
  const files = realFiles(torrent);
  const { provenance, creationDate } = torrent;
  const rows: [string, string | undefined][] = [
    ['name', torrent.name],
    ['version', { v1: 'v1', v2: 'v2', hybrid: 'v1 and v2 (hybrid)' }[torrent.version]],
    ['info-hash v1', hex(torrent.infoHash) ?? undefined],
    ['info-hash v2', hex(torrent.infoHashV2) ?? undefined],
    ['size', `${formatSize(torrent.length)} (${torrent.length} bytes)`],
    ['pieces', `${pieceCount(torrent)} of ${formatPiece(torrent.pieceLength)}`],
    ['private', torrent.isPrivate ? 'yes' : undefined],
    ['from', provenance && `${provenance.repo}@${provenance.commit}${provenance.path ? `/${provenance.path}` : ''}`],
    ['created by', torrent.createdBy],
    ['created', creationDate === undefined ? undefined : new Date(creationDate * 1000).toISOString()],
    ['comment', torrent.comment],
    ...torrent.trackers.flat().map((url): [string, string] => ['tracker', url]),
    ...torrent.webSeeds.map((url): [string, string] => ['web seed', url]),
  ];
  const shown = all ? files : files.slice(0, MOST_SHOWN);
  const rest = files.length - shown.length;
  return [
    ...rows.flatMap(([name, value]) => (value === undefined ? [] : [`${name.padEnd(13)}${printable(value)}`])),
    '',
    `${files.length} ${files.length === 1 ? 'file' : 'files'}`,
    ...shown.map(({ path, length }) => `${formatSize(length).padStart(9)}  ${printable(path)}`),
    ...(rest > 0 ? [`           ... and ${rest} more (--all)`] : []),
  ].join('\n');
}

/** The magnet link of a torrent, with its trackers and web seeds. */
export function magnetOf(torrent: Torrent): string {
  return formatMagnet({
    ...(torrent.infoHash ? { infoHash: torrent.infoHash } : {}),
    ...(torrent.infoHashV2 ? { infoHashV2: torrent.infoHashV2 } : {}),
    name: torrent.name,
    length: torrent.length,
    trackers: torrent.trackers.flat(),
    webSeeds: torrent.webSeeds,
    exactSources: [],
    peers: [],
  });
}

function pieceCount({ pieces, files, pieceLength }: Torrent): number {
  if (pieces) return pieces.length / 20;
  return files.reduce((sum, { length }) => sum + Math.ceil(length / pieceLength), 0);
}

function formatPiece(bytes: number): string {
  return bytes % 2 ** 20 === 0
    ? `${bytes / 2 ** 20} MiB`
    : bytes % 1024 === 0
      ? `${bytes / 1024} KiB`
      : `${bytes} bytes`;
}

/** A name from outside must not be able to move the cursor of somebody's terminal. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}
