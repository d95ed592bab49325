import { toHex } from '../base/hex.ts';
import type { Torrent } from '../metainfo/torrent.ts';
import { describeFiles, describeTorrent } from '../swarm/describe-torrent.ts';
import type { Swarm } from '../swarm/swarm.ts';
import type { SwarmTorrent } from '../swarm/swarm-torrent.ts';
import { TorrentFileHandle } from '../swarm/torrent-file.ts';
import type { FileStatus, TorrentState, TorrentStatus } from '../swarm/torrent-status.ts';
import { parseAddress } from './parse-address.ts';

/** A torrent of a client. */
export class ClientTorrent {
  readonly #swarm: Swarm;
  readonly #torrent: SwarmTorrent;
  readonly #name: string;
  readonly #onRemoved: () => void;
  #files: readonly TorrentFileHandle[] | undefined;

  constructor(swarm: Swarm, torrent: SwarmTorrent, name: string, onRemoved: () => void) {
    this.#onRemoved = onRemoved;
    this.#swarm = swarm;
    this.#torrent = torrent;
    this.#name = name;
  }

  /** Its torrent's name; of a magnet link what that says, until the metadata is known. */
  get name(): string {
    return this.#torrent.torrent?.name ?? this.#name;
  }

  /** SHA-1 of its info dictionary, hex; undefined when it is v2 only, or not known. */
  get infoHash(): string | undefined {
    const { infoHash } = this.#torrent.names;
    return infoHash && toHex(infoHash);
  }

  /** SHA-256 of it, hex. */
  get infoHashV2(): string | undefined {
    const { infoHashV2 } = this.#torrent.names;
    return infoHashV2 && toHex(infoHashV2);
  }

  get state(): TorrentState {
    return this.#torrent.state;
  }

  /** The torrent itself; undefined until the metadata is known. */
  get metainfo(): Torrent | undefined {
    return this.#torrent.torrent;
  }

  /** Its files, which can be read at once; empty until the metadata is known (`ready`). */
  get files(): readonly TorrentFileHandle[] {
    if (!this.#torrent.torrent) return [];
    this.#files ??= describeFiles(this.#torrent).map(
      ({ index, path, size }) => new TorrentFileHandle(this.#torrent, index, path, size),
    );
    return this.#files;
  }

  /** The file with this path below the torrent's name; undefined when there is none, or the metadata is not known. */
  file(path: string): TorrentFileHandle | undefined {
    return this.files.find((file) => file.path === path);
  }

  /** How it stands now: plain data. */
  status(): TorrentStatus {
    return describeTorrent(this.#torrent, this.#name);
  }

  /** How each of its files stands now. */
  fileStatus(): FileStatus[] {
    return describeFiles(this.#torrent);
  }

  /** Its status at once, and then each `everyMs` until everything that is wanted is here, it stops or fails; that is the last one. */
  async *updates({
    everyMs = 1000,
    signal,
  }: {
    readonly everyMs?: number;
    readonly signal?: AbortSignal;
  } = {}): AsyncGenerator<TorrentStatus> {
    const over = this.done(signal).then(
      () => true,
      () => true,
    );
    for (let isOver = false; !isOver; ) {
      yield this.status();
      let timer: NodeJS.Timeout | undefined;
      const pause = new Promise<boolean>((resolve) => {
        timer = setTimeout(resolve, everyMs, false);
      });
      isOver = await Promise.race([over, pause]);
      clearTimeout(timer);
    }
    yield this.status();
  }

  /** Resolves when its files can be read: the metadata is known, and what is on the disk was looked at. Rejects with why it failed, or CLOSED. */
  async ready(signal?: AbortSignal): Promise<void> {
    await this.#torrent.ready(signal);
  }

  /** Resolves when everything that is wanted is verified and stored. Rejects with why it failed, CLOSED when it was stopped, or `signal.reason`. */
  async done(signal?: AbortSignal): Promise<void> {
    await this.#torrent.done(signal);
  }

  /** Sets which files are wanted, and how soon: 0 not, 1 normal, up to 255 the soonest. */
  async select(priority: (path: string) => number): Promise<void> {
    const session = await this.#torrent.ready();
    const { files = [] } = this.#torrent.torrent ?? {};
    session.select((index) => priority(files[index]?.path ?? ''));
  }

  /** Dials one more peer, `host:port`. Throws CONFIG when it is none. */
  addPeer(address: string): void {
    this.#torrent.network?.add([parseAddress(address)]);
  }

  /** Sends a message of an extension (`Client.extend`) to all peers that have it; returns how many those are. */
  send(extension: string, payload: Uint8Array): number {
    return [...(this.#torrent.network?.peers ?? [])].filter((peer) => peer.sendExtended(extension, payload)).length;
  }

  /** Goes on after it was stopped or has failed. `recheck`: everything on the disk is hashed first. */
  start({ recheck = false }: { readonly recheck?: boolean } = {}): void {
    this.#torrent.start({ isDoubted: recheck });
  }

  /** Stops it; what is verified stays, and is remembered. */
  async stop(): Promise<void> {
    await this.#torrent.stop();
  }

  /** Stops it, and the client forgets it. Files stay. */
  async remove(): Promise<void> {
    await this.#swarm.remove(this.#torrent);
    this.#onRemoved();
  }
}
