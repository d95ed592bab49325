/** Downloads and seeds torrents and repos: BitTorrent v1, v2 and hybrid, web seeds and the Hub at once. For Node. */
export type { DiscoveryStatus } from '../contracts/discovery.ts';
export { type ErrorCode, isSwarmError, SwarmError } from '../errors.ts';
export type { ExtensionHandler } from '../swarm/environment.ts';
export type { Encryption } from '../swarm/peer-intake.ts';
export type { TorrentFileHandle } from '../swarm/torrent-file.ts';
export type { FileStatus, SourceShare, TorrentState, TorrentStatus } from '../swarm/torrent-status.ts';
export type { Client, ClientStatus } from './client.ts';
export type { ClientTorrent } from './client-torrent.ts';
export { createClient } from './create-client.ts';
export type { AddOptions, ClientOptions, DownloadOptions } from './options.ts';
export type { RepoDownload } from './repo-download.ts';
export type { RepoPlan } from './repo-plan.ts';
