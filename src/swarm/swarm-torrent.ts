import { Bitfield } from '../base/bitfield.ts';
import { leaveOnAbort } from '../base/leave-on-abort.ts';
import type { PeerAddress } from '../contracts/connection.ts';
import type { TorrentStorage } from '../contracts/torrent-storage.ts';
import { isSwarmError, SwarmError } from '../errors.ts';
import { parseInfo } from '../metainfo/parse-info.ts';
import type { Torrent } from '../metainfo/torrent.ts';
import type { Handshake } from '../wire/handshake.ts';
import type { TorrentNames } from './create-peer.ts';
import type { SwarmEnvironment } from './environment.ts';
import { type OwnExtensions, ownExtension, PEX_ID } from './extensions.ts';
import { MetadataKeeper } from './metadata-keeper.ts';
import { MetadataSession } from './metadata-session.ts';
import type { Peer } from './peer.ts';
import type { PeerArrival } from './peer-intake.ts';
import { PieceHashes } from './piece-hashes.ts';
import { PieceMap } from './piece-map.ts';
import { type Limits, RateLimit } from './rate-limits.ts';
import { ResumeKeeper } from './resume-keeper.ts';
import type { TorrentSource } from './source-lanes.ts';
import { TorrentNetwork } from './torrent-network.ts';
import { TorrentSession } from './torrent-session.ts';
import type { TorrentState } from './torrent-status.ts';

/** What a crash costs is that so much is hashed again. */
const SAVE_MS = 15_000;

export interface SwarmTorrentOptions {
  readonly names: TorrentNames;
  /** Undefined: it is asked of peers. */
  readonly torrent?: Torrent | undefined;
  readonly trackers: readonly (readonly string[])[];
  readonly peers: readonly PeerAddress[];
  /** Where its files are. Called once, when it is known what they are. */
  readonly openStorage: (torrent: Torrent) => Promise<TorrentStorage>;
  /** Web seeds, the Hub ... */
  readonly sourcesOf?: (torrent: Torrent) => readonly TorrentSource[];
  /** The priority of each file, 0: not wanted. Default: all are wanted alike. */
  readonly priorityOf?: (torrent: Torrent, file: number) => number;
  /** Everything is there and was verified: nothing is checked. */
  readonly isComplete?: boolean;
  readonly isSequential?: boolean;
  /** BEP 16, when everything is here in the beginning. */
  readonly isSuperSeed?: boolean;
  /** Bytes per second. */
  readonly limits?: { readonly down?: number | undefined; readonly up?: number | undefined };
  /** Web seeds are left alone while peers bring so many bytes per second. Left out: they are read beside peers, whatever those bring. */
  readonly peersFirst?: { readonly leastRate: number } | undefined;
  /** The metadata has come. */
  readonly onMetadata?: (torrent: Torrent) => void;
  /** A piece is verified and stored. `isOfPeers`: peers have brought some of it, or all. */
  readonly onPiece?: (piece: number, isOfPeers: boolean) => void;
}

/** What one run from `start` to `stop` consists of. */
interface Run {
  readonly stop: AbortController;
  readonly over: Promise<void>;
  readonly ready: PromiseWithResolvers<TorrentSession>;
  readonly done: PromiseWithResolvers<void>;
}

/** One torrent by state: metadata, checking, downloading, seeding, stopped, failed. */
export class SwarmTorrent {
  readonly #environment: SwarmEnvironment;
  readonly #options: SwarmTorrentOptions;
  readonly #limits: Limits;
  readonly #keeper: MetadataKeeper;
  #names: TorrentNames;
  #torrent: Torrent | undefined;
  #state: TorrentState = 'stopped';
  #error: SwarmError | undefined;
  #run: Run | undefined;
  #network: TorrentNetwork | undefined;
  #metadata: MetadataSession | undefined;
  #session: TorrentSession | undefined;
  #storage: TorrentStorage | undefined;
  #resume: ResumeKeeper | undefined;
  #checked = 0;
  #wasCompleted = false;

  constructor(environment: SwarmEnvironment, options: SwarmTorrentOptions) {
    const { clock, limits } = environment;
    this.#environment = environment;
    this.#options = options;
    this.#names = options.names;
    this.#torrent = options.torrent;
    this.#keeper = new MetadataKeeper(environment.resume, options.names);
    this.#limits = {
      down: new RateLimit(clock, options.limits?.down, limits.down),
      up: new RateLimit(clock, options.limits?.up, limits.up),
    };
  }

  get names(): TorrentNames {
    return this.#names;
  }

  get state(): TorrentState {
    return this.#state;
  }

  /** Why it failed. */
  get error(): SwarmError | undefined {
    return this.#error;
  }

  /** Undefined until the metadata is known. */
  get torrent(): Torrent | undefined {
    return this.#torrent;
  }

  get network(): TorrentNetwork | undefined {
    return this.#network;
  }

  /** Undefined before it downloads or seeds. */
  get session(): TorrentSession | undefined {
    return this.#session;
  }

  get storage(): TorrentStorage | undefined {
    return this.#storage;
  }

  get resume(): ResumeKeeper | undefined {
    return this.#resume;
  }

  /** How many pieces were looked at, while it is checking. */
  get checked(): number {
    return this.#checked;
  }

  /** The 20-byte hashes that its swarms go by. */
  get swarms(): Uint8Array[] {
    const { infoHash, infoHashV2 } = this.#names;
    return [infoHash, infoHashV2?.subarray(0, 20)].filter((hash) => hash !== undefined);
  }

  /** Resolves when it is downloading or seeding. Rejects with why that will not be; CLOSED when it was stopped. */
  async ready(signal?: AbortSignal): Promise<TorrentSession> {
    return leaveOnAbort(this.#running().ready.promise, signal);
  }

  /** Resolves when all that is wanted is verified and stored. Rejects with why it failed; CLOSED when it was stopped. */
  async done(signal?: AbortSignal): Promise<void> {
    return leaveOnAbort(this.#running().done.promise, signal);
  }

  /** Begins, or goes on after it was stopped or has failed. `isDoubted`: everything on the disk is hashed first. */
  start({ isDoubted = false }: { readonly isDoubted?: boolean } = {}): void {
    if (this.#run && !this.#run.stop.signal.aborted) return;
    const earlier = this.#run?.over ?? Promise.resolve();
    const stop = new AbortController();
    const ready = Promise.withResolvers<TorrentSession>();
    const done = Promise.withResolvers<void>();
    ready.promise.catch(() => {});
    done.promise.catch(() => {});
    this.#error = undefined;
    this.#state = this.#torrent ? 'checking' : 'metadata';
    this.#checked = 0;
    this.#wasCompleted = false;
    const run = { stop, ready, done, over: earlier.then(() => this.#live({ stop, ready, done }, isDoubted)) };
    this.#run = run;
  }

  /** Stops it: no peer, no request, nothing half-written is left, and what is there is written down. It may be started again. */
  async stop(): Promise<void> {
    this.#run?.stop.abort(new SwarmError('CLOSED', 'The torrent was stopped.'));
    await this.#run?.over;
  }

  /** What we say to whoever asks for it by this hash. */
  greeting(infoHash: Uint8Array | undefined): Handshake {
    const { infoHash: v1, infoHashV2: v2 } = this.#names;
    const hash = infoHash ?? v1 ?? v2?.subarray(0, 20) ?? new Uint8Array(20);
    const { peerId } = this.#environment;
    return { infoHash: hash, peerId, extended: true, fast: true, dht: false, v2: v1 !== undefined && v2 !== undefined };
  }

  async #live({ stop, ready, done }: Pick<Run, 'stop' | 'ready' | 'done'>, isDoubted: boolean): Promise<void> {
    const { signal } = stop;
    const { promise: failed, reject: fail } = Promise.withResolvers<never>();
    failed.catch(() => {});
    try {
      const torrent = this.#torrent ?? (await this.#recallMetadata()) ?? (await this.#findMetadata(signal));
      const storage = await this.#open(torrent);
      const have = await this.#check(torrent, storage, signal, isDoubted);
      signal.throwIfAborted();
      const session = this.#begin(torrent, storage, have, { complete: () => this.#completed(done), failed: fail });
      if (!this.#options.isComplete && have.count > 0) await session.completeHeld();
      ready.resolve(session);
      if (session.isFinished) this.#completed(done);
      await Promise.race([failed, this.#keep(session, signal)]);
    } catch (error) {
      const reason = signal.aborted ? signal.reason : swarmError(error);
      stop.abort(reason);
      ready.reject(reason);
      done.reject(reason);
      await this.#close();
      const isFailure = !isSwarmError(reason, 'CLOSED');
      this.#error = isFailure ? reason : undefined;
      this.#state = isFailure ? 'failed' : 'stopped';
    }
  }

  /** What the magnet link turned out to mean in an earlier run. */
  async #recallMetadata(): Promise<Torrent | undefined> {
    const torrent = await this.#keeper.recall();
    if (torrent) this.#isMeant(torrent);
    return torrent;
  }

  #isMeant(torrent: Torrent): void {
    this.#torrent = torrent;
    this.#names = torrent;
    this.#state = 'checking';
    this.#options.onMetadata?.(torrent);
  }

  /** Asks peers what the magnet link means. */
  async #findMetadata(signal: AbortSignal): Promise<Torrent> {
    const { promise, resolve } = Promise.withResolvers<Uint8Array>();
    this.#metadata = new MetadataSession({
      names: this.#names,
      clock: this.#environment.clock,
      extensions: this.#extensions(false),
      onInfo: resolve,
      onBanned: (peer) => this.#network?.ban(peer),
      onLeft: (peer) => this.#network?.left(peer),
      onExtension: (peer, id, payload) => this.#extension(peer, id, payload),
    });
    this.#join(false);
    const torrent = parseInfo(await leaveOnAbort(promise, signal));
    this.#isMeant(torrent);
    if (torrent.isPrivate) await this.#leavePublic();
    return torrent;
  }

  /** Now that it is known to be private, it is looked for by its trackers only (BEP 27). */
  async #leavePublic(): Promise<void> {
    this.#metadata?.close();
    this.#metadata = undefined;
    await this.#network?.close();
    this.#network = undefined;
  }

  async #open(torrent: Torrent): Promise<TorrentStorage> {
    this.#storage ??= await this.#options.openStorage(torrent);
    return this.#storage;
  }

  async #check(torrent: Torrent, storage: TorrentStorage, signal: AbortSignal, isDoubted: boolean): Promise<Bitfield> {
    const { hashing, resume: store } = this.#environment;
    const map = new PieceMap(torrent);
    const [infoHash = new Uint8Array(20)] = this.swarms;
    this.#resume ??= new ResumeKeeper({ infoHash, map, storage, store });
    if (this.#options.isComplete && !isDoubted) return Bitfield.full(map.pieceCount);
    const hashes = new PieceHashes(torrent, map, hashing);
    const onProgress = (checked: number): void => {
      this.#checked = checked;
    };
    return this.#resume.findPieces({ hashes, hashing, isDoubted, signal, onProgress });
  }

  #begin(
    torrent: Torrent,
    storage: TorrentStorage,
    have: Bitfield,
    events: { readonly complete: () => void; readonly failed: (error: SwarmError) => void },
  ): TorrentSession {
    const { clock, random, hashing } = this.#environment;
    const { priorityOf, sourcesOf, isSequential = false, isSuperSeed = false, peersFirst } = this.#options;
    const session = new TorrentSession({
      torrent,
      storage,
      hashing,
      clock,
      random,
      have,
      extensions: this.#extensions(torrent.isPrivate),
      limits: this.#limits,
      isSuperSeed,
      peersFirst: peersFirst && { ...peersFirst, isHopeful: () => this.#network?.isHopeful ?? true },
      events: {
        ...events,
        piece: (piece, isOfPeers) => {
          this.#resume?.stored(piece);
          this.#options.onPiece?.(piece, isOfPeers);
        },
        banned: (peer) => this.#network?.ban(peer),
        left: (peer) => this.#network?.left(peer),
        extension: (peer, id, payload) => this.#extension(peer, id, payload),
      },
    });
    session.isSequential = isSequential;
    if (priorityOf && !have.isFull) session.select((file) => priorityOf(torrent, file));
    this.#session = session;
    this.#state = session.isFinished ? 'seeding' : 'downloading';
    if (!session.isUploadOnly) for (const source of sourcesOf?.(torrent) ?? []) session.addSource(source);
    for (const peer of this.#metadata?.takePeers() ?? []) session.adopt(peer, true);
    this.#metadata = undefined;
    if (!this.#network) this.#join(torrent.isPrivate);
    return session;
  }

  /** Looks for peers. */
  #join(isPrivate: boolean): void {
    const network = new TorrentNetwork({
      environment: this.#environment,
      trackers: this.#options.trackers,
      isPrivate,
      swarms: this.swarms,
      greeting: (infoHash) => this.greeting(infoHash),
      stats: () => this.#announceStats(),
      onArrival: (arrival) => this.#arrival(arrival),
    });
    this.#network = network;
    network.add(this.#options.peers);
  }

  #arrival(arrival: PeerArrival): Peer {
    const owner = this.#session ?? this.#metadata;
    if (!owner) throw new SwarmError('INTERNAL', 'A peer came to a torrent that is not running');
    return owner.add(arrival);
  }

  #announceStats(): { readonly uploaded: number; readonly downloaded: number; readonly left: number } {
    const { uploaded, downloaded } = this.#transferred();
    const missing = this.#session ? this.#session.map.length - this.#session.progress.total : 1;
    return { uploaded, downloaded, left: missing };
  }

  /** Since it was started. */
  #transferred(): { readonly uploaded: number; readonly downloaded: number } {
    const { received = 0, sent = 0 } = this.#network?.traffic.read() ?? {};
    const ofSources = this.#session?.sources.reduce((sum, source) => sum + source.received, 0) ?? 0;
    return { uploaded: sent, downloaded: received + ofSources };
  }

  #completed(done: PromiseWithResolvers<void>): void {
    const isOver = this.#session?.isUploadOnly ?? false;
    // A reader may have asked for more than was wanted, and have got it.
    if (isOver && (this.#state !== 'seeding' || !this.#wasCompleted)) this.#network?.completed();
    this.#wasCompleted ||= isOver;
    this.#state = 'seeding';
    void this.#save().then(() => done.resolve(), done.reject);
  }

  /** Writes down from time to time what is there. Ends with the run. */
  async #keep(session: TorrentSession, signal: AbortSignal): Promise<never> {
    for (let saved = session.have.count; ; ) {
      await this.#environment.clock.sleep(SAVE_MS, signal);
      if (session.have.count === saved) continue;
      saved = session.have.count;
      await this.#save();
    }
  }

  async #save(): Promise<void> {
    if (!this.#session || !this.#resume) return;
    await this.#keepMetadata();
    await this.#resume.save(this.#session.have, this.#transferred());
  }

  async #keepMetadata(): Promise<void> {
    const isFromPeers = this.#options.torrent === undefined;
    if (isFromPeers && this.#torrent && this.#session) await this.#keeper.keep(this.#torrent, this.#session.hashes);
  }

  async #close(): Promise<void> {
    const [network, session] = [this.#network, this.#session];
    this.#metadata?.close();
    await session?.close();
    await network?.close();
    const transferred = this.#transferred();
    if (session) await this.#keepMetadata().catch(() => {});
    if (session) await this.#resume?.save(session.have, transferred).catch(() => {});
    this.#resume?.add(transferred);
    // No handle stays open: who takes the folder away while it is stopped must not have us write into what is gone.
    await this.#storage?.close();
    this.#metadata = undefined;
    this.#session = undefined;
    this.#network = undefined;
  }

  #extension(peer: Peer, id: number, payload: Uint8Array): void {
    if (id === PEX_ID) {
      this.#network?.exchange(peer, payload);
      return;
    }
    const name = ownExtension(this.#extensions(false), id);
    const handler = name === undefined ? undefined : this.#environment.extensions.get(name);
    if (name === undefined || !handler) return;
    const { infoHash } = peer.handshake;
    handler({
      payload: payload.slice(),
      peer: peer.address,
      infoHash,
      send: (answer) => peer.sendExtended(name, answer),
    });
  }

  #extensions(isPrivate: boolean): OwnExtensions {
    const { client, port, extensions } = this.#environment;
    return { client, port: port(), isPrivate, names: [...extensions.keys()] };
  }

  #running(): Run {
    if (!this.#run) throw new SwarmError('CLOSED', 'The torrent was never started.');
    return this.#run;
  }
}

function swarmError(error: unknown): SwarmError {
  return isSwarmError(error) ? error : new SwarmError('INTERNAL', 'A torrent failed', { cause: error });
}
