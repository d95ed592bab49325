import { createHash } from 'node:crypto';
import type { SwarmCounts } from '../contracts/swarm-state.ts';
import { contentDisposition } from '../http/content-headers.ts';
import type { Exchange } from '../http/exchange.ts';
import { planFile } from '../http/plan-file.ts';
import type { SealedTorrent } from '../metainfo/canonical.ts';
import { createTorrent } from '../metainfo/create-torrent.ts';
import type { Addresses } from './addresses.ts';
import { describeSubject, type Subject } from './subject.ts';

export interface TorrentFileOptions {
  readonly addresses: Addresses;
  /** Tracker URLs, one tier each. */
  readonly trackers: () => readonly string[];
  /** How the swarms of a torrent stand, by all its hashes of 20 bytes; undefined: we are no tracker. */
  readonly swarm: (infoHashes: readonly Uint8Array[]) => SwarmCounts | undefined;
  /** Where this server seeds, `host:port`; none while it does not. */
  readonly peers: () => readonly string[];
  /** `created by` of torrents. */
  readonly createdBy: string;
}

/** The torrent file, with ranges and conditions as any file. */
export function torrentFileAnswer(
  { method, request }: Exchange,
  subject: Subject,
  sealed: SealedTorrent,
  { addresses, trackers, createdBy }: TorrentFileOptions,
): Response {
  const { repoId: repo, commit } = describeSubject(subject);
  const file = subject.kind === 'file' ? subject.grant.entry : undefined;
  const bytes = createTorrent({
    info: sealed.info,
    pieceLayers: sealed.pieceLayers,
    trackers: trackers().map((tracker) => [tracker]),
    webSeeds: addresses.webSeeds(subject, sealed.layout.version),
    createdBy,
    provenance: {
      repo,
      commit,
      ...(file ? { path: file.path } : {}),
      ...(file?.sha256 ? { sha256: file.sha256 } : {}),
    },
  });
  const etag = `"${createHash('sha256').update(bytes).digest('hex')}"`;
  const plan = planFile(method, (name) => request.headers.get(name), { size: bytes.length, etag });
  const name = new TextDecoder().decode(sealed.layout.name);
  const headers: [string, string][] = [
    ['Content-Type', 'application/x-bittorrent'],
    ['Content-Disposition', contentDisposition(`${name}.torrent`, 'attachment')],
    ['X-Content-Type-Options', 'nosniff'],
    ['X-Repo-Commit', commit],
    // Trackers and web seeds may be others tomorrow, and the repo may be gated.
    ['Cache-Control', 'public, no-cache'],
    ...plan.headers.map(([name, value]): [string, string] => [name, value]),
  ];
  const sendsBytes = method === 'GET' && (plan.status === 200 || plan.status === 206);
  return new Response(sendsBytes ? bytes.subarray(plan.start, plan.end) : null, { status: plan.status, headers });
}
