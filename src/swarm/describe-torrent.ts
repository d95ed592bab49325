import { toHex } from '../base/hex.ts';
import type { SwarmTorrent } from './swarm-torrent.ts';
import type { FileStatus, SourceShare, TorrentStatus } from './torrent-status.ts';

/** How a torrent stands now. `name` is what to call it until its metadata is known. */
export function describeTorrent(torrent: SwarmTorrent, name: string): TorrentStatus {
  const { names, state, error, network, session, resume } = torrent;
  const { received = 0, sent = 0, downRate = 0, upRate = 0 } = network?.traffic.read() ?? {};
  const peers = [...(network?.peers ?? [])];
  const sources = session?.sources ?? [];
  // Of a torrent that is seeded in part nothing more is wanted.
  const size = session?.selection.length || (torrent.torrent?.length ?? 0);
  const done = session ? bytesDone(torrent) : Math.min(size, torrent.checked * (torrent.torrent?.pieceLength ?? 0));
  return {
    name: torrent.torrent?.name ?? name,
    ...(names.infoHash ? { infoHash: toHex(names.infoHash) } : {}),
    ...(names.infoHashV2 ? { infoHashV2: toHex(names.infoHashV2) } : {}),
    state,
    ...(error ? { error: { code: error.code, message: error.message } } : {}),
    size,
    done,
    progress: size > 0 ? done / size : Number(state === 'seeding'),
    downRate: downRate + sum(sources.map(({ bytesPerSecond }) => bytesPerSecond)),
    upRate,
    downloaded: (resume?.downloaded ?? 0) + received + sum(sources.map((source) => source.received)),
    uploaded: (resume?.uploaded ?? 0) + sent,
    peers: peers.length,
    seeds: peers.filter(({ isSeed }) => isSeed).length,
    sources: [
      { name: 'peers', received, rate: downRate, connections: peers.length },
      ...sources.map((source): SourceShare => {
        const { bytesPerSecond, lanes, error: problem } = source;
        const share = { name: source.name, received: source.received, rate: bytesPerSecond, connections: lanes };
        return problem === undefined ? share : { ...share, error: problem };
      }),
    ],
    discovery: network?.discovery ?? [],
  };
}

/** Its files, without pads and links; none until the metadata is known. `index` is the place in the torrent. */
export function describeFiles({ torrent, session }: SwarmTorrent): (FileStatus & { readonly index: number })[] {
  return (torrent?.files ?? []).flatMap(({ path, length, isPad, symlink }, index) => {
    if (isPad || symlink !== undefined) return [];
    const done = session?.progress.bytesOf(index) ?? 0;
    return [{ index, path, size: length, done, isWanted: session?.selection.isWanted(index) ?? true }];
  });
}

function bytesDone(torrent: SwarmTorrent): number {
  if (torrent.session?.selection.length === 0) return torrent.session.progress.total;
  return sum(describeFiles(torrent).map(({ done, isWanted }) => (isWanted ? done : 0)));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
