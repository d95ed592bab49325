import { toHex } from '../../base/hex.ts';
import { describeFiles, describeTorrent } from '../../swarm/describe-torrent.ts';
import type { Swarm } from '../../swarm/swarm.ts';
import type { SwarmTorrent, SwarmTorrentOptions } from '../../swarm/swarm-torrent.ts';
import { TorrentFileHandle } from '../../swarm/torrent-file.ts';
import type { FileStatus } from '../../swarm/torrent-status.ts';
import type { BrowserTorrentStatus, TorrentInfo } from './engine-api.ts';

/** Where a piece has come from. */
const WAS_HERE = 1;
const OF_PEERS = 2;
const OF_SOURCES = 3;

/** A torrent in the engine. */
export class EngineTorrent {
  readonly key: string;
  readonly #name: string;
  readonly #torrent: SwarmTorrent;
  readonly #inMemory = new Set<number>();
  readonly #origins = new Map<number, number>();
  #isInMemory = false;
  #isOpen = false;
  #warning: string | undefined;

  constructor(options: {
    readonly key: string;
    readonly name: string;
    readonly swarm: Swarm;
    readonly options: SwarmTorrentOptions;
  }) {
    this.key = options.key;
    this.#name = options.name;
    this.#torrent = options.swarm.add({
      ...options.options,
      openStorage: (torrent) => {
        this.#isOpen = true;
        return options.options.openStorage(torrent);
      },
      onPiece: (piece, isOfPeers) => this.#origins.set(piece, isOfPeers ? OF_PEERS : OF_SOURCES),
    });
  }

  /** It is kept in memory, all of it; `reason`: why, unless that was wished. */
  isInMemory(reason: string | undefined): void {
    this.#isInMemory = true;
    this.#warning = reason && `It is kept in memory only, and has to be fetched again at the next visit. ${reason}`;
  }

  /** A file is kept in memory. */
  spilled(file: number, reason: string): void {
    this.#inMemory.add(file);
    this.#warning = `Some of it is kept in memory only, and has to be fetched again at the next visit. ${reason}`;
  }

  /** Is a file complete, and not in memory? */
  isKept(file: number): boolean {
    const isComplete = this.#torrent.session?.progress.isComplete(file) ?? false;
    return isComplete && !this.#isInMemory && !this.#inMemory.has(file);
  }

  start(recheck = false): void {
    this.#torrent.start({ isDoubted: recheck });
  }

  async stop(): Promise<void> {
    await this.#torrent.stop();
  }

  async close(swarm: Swarm): Promise<void> {
    await swarm.remove(this.#torrent);
  }

  async ready(signal: AbortSignal): Promise<void> {
    await this.#torrent.ready(signal);
  }

  async done(signal: AbortSignal): Promise<void> {
    await this.#torrent.done(signal);
  }

  async select(wanted: readonly string[]): Promise<void> {
    const session = await this.#torrent.ready();
    const paths = new Set(wanted);
    session.select((file) => (paths.has(this.#torrent.torrent?.files[file]?.path ?? '') ? 1 : 0));
  }

  file(index: number): TorrentFileHandle {
    const { path = '', length = 0 } = this.#torrent.torrent?.files[index] ?? {};
    return new TorrentFileHandle(this.#torrent, index, path, length);
  }

  info(): TorrentInfo {
    const { names, torrent } = this.#torrent;
    return {
      key: this.key,
      name: torrent?.name ?? this.#name,
      infoHash: names.infoHash && toHex(names.infoHash),
      infoHashV2: names.infoHashV2 && toHex(names.infoHashV2),
      files: describeFiles(this.#torrent).map(({ index, path, size }) => ({ index, path, size })),
      pieceLength: torrent?.pieceLength ?? 0,
      pieceCount: torrent ? Math.ceil(torrent.length / torrent.pieceLength) : 0,
    };
  }

  status(): BrowserTorrentStatus {
    const storage = this.#isInMemory ? 'memory' : 'opfs';
    return {
      ...describeTorrent(this.#torrent, this.#name),
      key: this.key,
      storage: this.#isOpen ? storage : undefined,
      warning: this.#warning,
    };
  }

  files(): FileStatus[] {
    return describeFiles(this.#torrent);
  }

  pieces(): Uint8Array {
    const { session } = this.#torrent;
    const pieces = new Uint8Array(session?.map.pieceCount ?? 0);
    for (let piece = 0; piece < pieces.length; piece++)
      if (session?.have.has(piece)) pieces[piece] = this.#origins.get(piece) ?? WAS_HERE;
    return pieces;
  }
}
