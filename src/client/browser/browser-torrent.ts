import { SwarmError } from '../../errors.ts';
import type { FileStatus, TorrentState } from '../../swarm/torrent-status.ts';
import { BrowserFile } from './browser-file.ts';
import type { AddRequest, BrowserTorrentStatus, TorrentInfo } from './engine-api.ts';
import type { EngineLink, EngineRpc } from './engine-link.ts';

export interface BrowserTorrentParts {
  readonly link: EngineLink;
  readonly request: AddRequest;
  readonly info: TorrentInfo;
  /** The last that was heard of it. */
  readonly statusOf: (key: string) => BrowserTorrentStatus | undefined;
  readonly onRemoved: (torrent: BrowserTorrent) => void;
}

/** A torrent of a page. */
export class BrowserTorrent {
  readonly #parts: BrowserTorrentParts;
  #info: TorrentInfo;
  #files: readonly BrowserFile[] = [];
  /** The engine that knows of it: another one is told of it first. */
  #added: { readonly engine: EngineRpc | undefined; readonly done: Promise<void> };
  #isOpen = true;

  constructor(parts: BrowserTorrentParts, engine: EngineRpc) {
    this.#parts = parts;
    this.#info = parts.info;
    this.#added = { engine, done: Promise.resolve() };
    this.#know(parts.info);
  }

  /** Names it within this page: its v1 info-hash, else the v2 one, in hex. */
  get key(): string {
    return this.#info.key;
  }

  /** Its torrent's name; of a magnet link what that says, until the metadata is known. */
  get name(): string {
    return this.#info.name;
  }

  /** SHA-1 of its info dictionary, hex; undefined when it is v2 only, or not known. */
  get infoHash(): string | undefined {
    return this.#info.infoHash;
  }

  /** SHA-256 of it, hex. */
  get infoHashV2(): string | undefined {
    return this.#info.infoHashV2;
  }

  get state(): TorrentState {
    return this.status()?.state ?? 'checking';
  }

  /** Was it not removed? */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Its files, which can be read at once; empty until the metadata is known (`ready`). */
  get files(): readonly BrowserFile[] {
    return this.#files;
  }

  /** The file with this path below the torrent's name; undefined when there is none, or the metadata is not known. */
  file(path: string): BrowserFile | undefined {
    return this.#files.find((file) => file.path === path);
  }

  /** How it stood a moment ago; undefined until that was heard. */
  status(): BrowserTorrentStatus | undefined {
    return this.#parts.statusOf(this.key);
  }

  /** How each of its files stands now. */
  fileStatus(): Promise<readonly FileStatus[]> {
    return this.call((engine, key) => engine.call('files', key));
  }

  /** Each piece as it stands: 0 missing, 1 was there, 2 from peers, 3 from a web seed. */
  pieces(): Promise<Uint8Array> {
    return this.call((engine, key) => engine.call('pieces', key));
  }

  /** Resolves when its files can be read: the metadata is known, and what is kept was looked at. Rejects with why it failed, or CLOSED. */
  async ready(signal?: AbortSignal): Promise<void> {
    this.#know(await this.call((engine, key) => engine.call('ready', key, signal)));
  }

  /** Resolves when everything that is wanted is verified and stored. Rejects with why it failed, CLOSED when it was stopped, or `signal.reason`. */
  async done(signal?: AbortSignal): Promise<void> {
    await this.call((engine, key) => engine.call('done', key, signal));
  }

  /** Sets which files are wanted, by their paths. */
  async select(wanted: readonly string[]): Promise<void> {
    await this.call((engine, key) => engine.call('select', { key, wanted }));
  }

  /** Goes on after it was stopped or has failed. `recheck`: everything that is kept is hashed first. */
  async start({ recheck = false }: { readonly recheck?: boolean } = {}): Promise<void> {
    await this.call((engine, key) => engine.call('start', { key, recheck }));
  }

  /** Stops it; what is verified stays, and is remembered. */
  async stop(): Promise<void> {
    await this.call((engine, key) => engine.call('stop', key));
  }

  /** This page does not need it any more; it ends when no other tab does. What is kept stays. */
  async remove(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#parts.onRemoved(this);
    await this.#parts.link.run((engine) => engine.call('remove', this.key));
  }

  /** The page is closed, or its client. */
  left(): void {
    this.#isOpen = false;
  }

  /** Runs calls about it; again, when another tab has taken over in the middle. */
  async call<T>(work: (engine: EngineRpc, key: string) => Promise<T>): Promise<T> {
    return this.#parts.link.run(async (engine) => {
      if (!this.#isOpen) throw new SwarmError('CLOSED', `${this.name} was removed.`);
      await this.#tell(engine);
      return work(engine, this.key);
    });
  }

  /** Makes an engine know of it. */
  #tell(engine: EngineRpc): Promise<void> {
    if (this.#added.engine !== engine) {
      const done = engine.call('add', this.#parts.request).then((info) => this.#know(info));
      done.catch(() => {
        this.#added = { engine: undefined, done: Promise.resolve() };
      });
      this.#added = { engine, done };
    }
    return this.#added.done;
  }

  #know(info: TorrentInfo): void {
    this.#info = info;
    if (this.#files.length === 0) this.#files = info.files.map((file) => new BrowserFile(this, file));
  }
}
