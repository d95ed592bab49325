import { isSwarmError, SwarmError } from '../../errors.ts';
import { assertReadable, chunkStream } from '../../swarm/chunk-stream.ts';
import type { BrowserTorrent } from './browser-torrent.ts';

/** Chunks that are asked for before the last one was read. */
const AHEAD = 2;

/** One file of a torrent, readable while it is being downloaded: what is read comes before everything else. */
export class BrowserFile {
  /** `/`-joined below the torrent's name. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Its place in the torrent, pads counted. */
  readonly index: number;
  readonly #torrent: BrowserTorrent;

  constructor(
    torrent: BrowserTorrent,
    { index, path, size }: { readonly index: number; readonly path: string; readonly size: number },
  ) {
    this.#torrent = torrent;
    this.index = index;
    this.path = path;
    this.size = size;
  }

  /**
   * Bytes `[offset, offset + length)`; fewer where the file ends. Waits until they are verified. Rejects with `signal.reason`, with why the torrent
   * failed, CLOSED when it was removed, and BAD_REQUEST for a place that cannot be.
   */
  async read(offset: number, length: number, { signal }: { readonly signal?: AbortSignal } = {}): Promise<Uint8Array> {
    const end = Math.min(this.size, offset + length);
    const bytes = new Uint8Array(Math.max(0, end - offset));
    let filled = 0;
    for await (const chunk of this.#chunks(offset, end, signal)) {
      bytes.set(chunk, filled);
      filled += chunk.length;
    }
    return bytes;
  }

  /** Bytes `[start, end)` in order; by default all of the file. Errors as those of `read`. */
  stream(
    options: { readonly start?: number; readonly end?: number; readonly signal?: AbortSignal } = {},
  ): ReadableStream<Uint8Array> {
    const { start = 0, end = this.size, signal } = options;
    assertReadable(this.path, this.size, start, end);
    const chunks = this.#chunks(start, Math.min(end, this.size), signal);
    return chunkStream(chunks);
  }

  /** All of it: from the disk where it is complete and kept, which takes no memory, else in memory. Rejects as `read` does. */
  async blob({ signal, type = '' }: { readonly signal?: AbortSignal; readonly type?: string } = {}): Promise<Blob> {
    const stored = await this.#stored();
    if (stored) return stored.slice(0, stored.size, type);
    const parts: BlobPart[] = [];
    for await (const chunk of this.#chunks(0, this.size, signal)) parts.push(chunk as Uint8Array<ArrayBuffer>);
    return new Blob(parts, { type });
  }

  /** The file itself, once it is complete and on the disk. */
  async #stored(): Promise<File | undefined> {
    const place = await this.#torrent.call((engine, key) => engine.call('place', { key, file: this.index }));
    if (!place) return undefined;
    const names = [...place];
    const name = names.pop();
    if (name === undefined) return undefined;
    try {
      let folder = await navigator.storage.getDirectory();
      for (const each of names) folder = await folder.getDirectoryHandle(each);
      const file = await (await folder.getFileHandle(name)).getFile();
      return file.size === this.size ? file : undefined;
    } catch {
      return undefined;
    }
  }

  /** Goes on where it was when another tab has taken over in the middle. */
  async *#chunks(start: number, end: number, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void, void> {
    assertReadable(this.path, this.size, start, end);
    for (let position = start; position < end; ) {
      try {
        for await (const chunk of this.#once(position, end, signal)) {
          position += chunk.length;
          yield chunk;
        }
        if (position < end) throw new SwarmError('INTERNAL', `${this.path} ended ${end - position} bytes early`);
      } catch (error) {
        signal?.throwIfAborted();
        if (!isSwarmError(error, 'CLOSED') || !this.#torrent.isOpen) throw error;
      }
    }
  }

  async *#once(start: number, end: number, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void, void> {
    const { engine, stream } = await this.#torrent.call(async (engine, key) => ({
      engine,
      stream: await engine.call('open', { key, file: this.index, start, end }, signal),
    }));
    const pull = (): Promise<Uint8Array | undefined> => {
      const next = engine.call('pull', stream, signal);
      // Looked at in its turn.
      next.catch(() => {});
      return next;
    };
    const waiting = Array.from({ length: AHEAD }, pull);
    try {
      for (;;) {
        const chunk = await waiting.shift();
        if (!chunk) return;
        waiting.push(pull());
        yield chunk;
      }
    } finally {
      void engine.call('leave', stream).catch(() => {});
    }
  }
}
