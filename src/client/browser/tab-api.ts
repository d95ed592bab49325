import { SwarmError } from '../../errors.ts';
import type { TorrentFileHandle } from '../../swarm/torrent-file.ts';
import type { Engine } from './engine.ts';
import type { EngineApi } from './engine-api.ts';

/** Streams that a tab reads at a time; more are a mistake of its own. */
const MOST_STREAMS = 256;

/** Who uses which torrent: it is there while somebody does. */
export class TorrentUsers {
  readonly #engine: Engine;
  readonly #users = new Map<string, Set<string>>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  add(key: string, tab: string): void {
    const users = this.#users.get(key) ?? new Set();
    this.#users.set(key, users.add(tab));
  }

  async remove(key: string, tab: string): Promise<void> {
    const users = this.#users.get(key);
    if (!users?.delete(tab) || users.size > 0) return;
    this.#users.delete(key);
    await this.#engine.remove(key);
  }

  /** A tab is gone. */
  async leave(tab: string): Promise<void> {
    await Promise.all([...this.#users.keys()].map((key) => this.remove(key, tab)));
  }
}

/** What the engine does for one tab. `close` ends what the tab has left open. */
export function createTabApi(engine: Engine, users: TorrentUsers, tab: string): EngineApi & { close(): Promise<void> } {
  const streams = new Map<number, ReadableStreamDefaultReader<Uint8Array>>();
  let lastStream = 0;
  const signalOf = (signal: AbortSignal | undefined): AbortSignal => signal ?? new AbortController().signal;

  const leave = (stream: number): void => {
    const reader = streams.get(stream);
    streams.delete(stream);
    void reader?.cancel().catch(() => {});
  };

  return {
    async add(request, signal?: AbortSignal) {
      const torrent = await engine.add(request, signalOf(signal));
      users.add(torrent.key, tab);
      return torrent.info();
    },
    async ready(key, signal?: AbortSignal) {
      const torrent = engine.torrent(key);
      await torrent.ready(signalOf(signal));
      return torrent.info();
    },
    done: (key, signal?: AbortSignal) => engine.torrent(key).done(signalOf(signal)),
    start: ({ key, recheck }) => engine.torrent(key).start(recheck),
    stop: (key) => engine.torrent(key).stop(),
    remove: (key) => users.remove(key, tab),
    select: ({ key, wanted }) => engine.torrent(key).select(wanted),
    files: (key) => engine.torrent(key).files(),
    pieces: (key) => engine.torrent(key).pieces(),
    open({ key, file, start, end }) {
      if (streams.size >= MOST_STREAMS) throw new SwarmError('BAD_REQUEST', 'Too many streams are open.');
      const handle: TorrentFileHandle = engine.torrent(key).file(file);
      streams.set(++lastStream, handle.stream({ start, end }).getReader());
      return lastStream;
    },
    async pull(stream) {
      const result = await streams.get(stream)?.read();
      if (!result || result.done) streams.delete(stream);
      return result?.value;
    },
    leave,
    place: ({ key, file }) => engine.placeOf(key, file),
    status: () => [...engine.torrents.values()].map((torrent) => torrent.status()),
    limit: (rates) => engine.limit(rates),
    stored: async () => engine.stored(),
    forget: (group) => engine.forget(group),
    async close() {
      for (const stream of [...streams.keys()]) leave(stream);
      await users.leave(tab);
    },
  };
}
