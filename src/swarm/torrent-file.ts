import { SwarmError } from '../errors.ts';
import { assertReadable, chunkStream } from './chunk-stream.ts';
import type { ReaderWindow } from './readers.ts';
import type { SwarmTorrent } from './swarm-torrent.ts';
import type { TorrentSession } from './torrent-session.ts';

/** Bytes that a stream hands on at a time. */
const CHUNK = 256 * 1024;

/** One file of a torrent, readable while it is being downloaded: what is read comes before everything else. */
export class TorrentFileHandle {
  /** `/`-joined below the torrent's name. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Its place in the torrent, pads counted. */
  readonly index: number;
  readonly #torrent: SwarmTorrent;

  constructor(torrent: SwarmTorrent, index: number, path: string, size: number) {
    this.#torrent = torrent;
    this.index = index;
    this.path = path;
    this.size = size;
  }

  /**
   * Bytes `[offset, offset + length)`; fewer where the file ends. Waits until they are verified. Rejects with `signal.reason`, with why the torrent
   * failed, CLOSED when it was stopped, and BAD_REQUEST for a place that cannot be.
   */
  async read(offset: number, length: number, { signal }: { readonly signal?: AbortSignal } = {}): Promise<Uint8Array> {
    const end = Math.min(this.size, offset + length);
    assertReadable(this.path, this.size, offset, end);
    const bytes = new Uint8Array(end - offset);
    if (bytes.length === 0) return bytes;
    const session = await this.#torrent.ready(signal);
    const window = session.openReader(this.index, offset, end);
    try {
      await this.#fill(session, window, offset, bytes, signal);
    } finally {
      window.close();
    }
    return bytes;
  }

  /** Bytes `[start, end)` in order; by default all of the file. Leaving it takes its wishes with it. */
  stream(
    options: { readonly start?: number; readonly end?: number; readonly signal?: AbortSignal } = {},
  ): ReadableStream<Uint8Array> {
    const { start = 0, end = this.size, signal } = options;
    assertReadable(this.path, this.size, start, end);
    const chunks = this.#chunks(start, Math.min(end, this.size), signal);
    return chunkStream(chunks);
  }

  /** All of it in memory. Rejects as `read` does. */
  async blob({ signal, type = '' }: { readonly signal?: AbortSignal; readonly type?: string } = {}): Promise<Blob> {
    const parts: BlobPart[] = [];
    for await (const chunk of this.#chunks(0, this.size, signal)) parts.push(chunk as Uint8Array<ArrayBuffer>);
    return new Blob(parts, { type });
  }

  async *#chunks(start: number, end: number, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void, void> {
    if (start >= end) return;
    const session = await this.#torrent.ready(signal);
    const window = session.openReader(this.index, start, end);
    try {
      for (let position = start; position < end; ) {
        const bytes = new Uint8Array(Math.min(CHUNK, end - position));
        await this.#fill(session, window, position, bytes, signal);
        position += bytes.length;
        yield bytes;
      }
    } finally {
      window.close();
    }
  }

  async #fill(
    session: TorrentSession,
    window: ReaderWindow,
    offset: number,
    bytes: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { pieceLength } = session.map;
    for (let position = offset; position < offset + bytes.length; ) {
      await window.wait(position, signal);
      const { begin } = session.map.locate(this.index, position);
      position += pieceLength - begin;
    }
    const { storage } = this.#torrent;
    if (!storage) throw new SwarmError('CLOSED', 'The torrent was stopped.');
    await storage.read(this.index, offset, [bytes]);
  }
}
