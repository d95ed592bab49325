import type { ByteReader } from '../contracts/byte-reader.ts';
import type { Clock } from '../contracts/clock.ts';

export interface SharedReaderOptions {
  readonly clock: Clock;
  /** How long the reader (and its lease) is kept after its last user. Default 1,000 ms. */
  readonly idleMilliseconds?: number;
}

/** One reader for many short requests. */
export type SharedReader = () => ByteReader | Promise<ByteReader | undefined>;

/**
 * Opens a file once for all requests that come in quick succession, since opening costs more than reading 64 KiB. Each
 * caller gets a reader of its own to close; the real one is closed when nobody has used it for a while.
 * A failed or empty opening is tried again by the next caller.
 */
export function shareReader(open: () => Promise<ByteReader | undefined>, options: SharedReaderOptions): SharedReader {
  const idle = options.idleMilliseconds ?? 1000;
  let current: ByteReader | undefined;
  let opening: Promise<ByteReader | undefined> | undefined;
  let users = 0;
  let uses = 0;

  async function closeWhenIdle(): Promise<void> {
    let seen = -1;
    while (users > 0 || seen !== uses) {
      seen = uses;
      await options.clock.sleep(idle);
    }
    current?.close();
    current = undefined;
  }

  function borrow(reader: ByteReader): ByteReader {
    users += 1;
    uses += 1;
    let closed = false;
    return {
      size: reader.size,
      read: (buffer, position, signal) => reader.read(buffer, position, signal),
      close() {
        if (closed) return;
        closed = true;
        users -= 1;
      },
    };
  }

  return () => {
    if (current) return borrow(current);
    opening ??= open()
      .then((reader) => {
        current = reader;
        if (reader) void closeWhenIdle();
        return reader;
      })
      .finally(() => {
        opening = undefined;
      });
    return opening.then((reader) => reader && borrow(reader));
  };
}
