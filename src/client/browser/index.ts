/** Downloads and seeds torrents and repos in pages: WebRTC peers and web seeds at once, kept in the origin's private file system. */
export type { DiscoveryStatus } from '../../contracts/discovery.ts';
export { type ErrorCode, isSwarmError, SwarmError } from '../../errors.ts';
export type { FileStatus, SourceShare, TorrentState, TorrentStatus } from '../../swarm/torrent-status.ts';
export type { BrowserClient, BrowserClientStatus } from './browser-client.ts';
export type { BrowserFile } from './browser-file.ts';
export type { BrowserTorrent } from './browser-torrent.ts';
export { createClient } from './create-client.ts';
export type { BrowserTorrentStatus, StoredGroup } from './engine-api.ts';
export type { BrowserAddOptions, BrowserClientOptions } from './options.ts';
