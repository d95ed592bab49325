import { createHash } from 'node:crypto';

/** The bytes of one file, made on demand: a file of 20 GB costs no memory and no disk. */
export interface Content {
  /** Bytes. */
  readonly size: number;
  /** SHA-256 (64 hex), when it is known without reading everything. */
  readonly sha256?: string;
  /** Bytes `[start, end)`, `0 <= start <= end <= size`. The caller keeps `end - start` within a few MiB and owns the result. */
  read(start: number, end: number): Uint8Array;
}

const CHUNK = 1 << 20;

/** Bytes that are held in memory (a string is encoded as UTF-8). */
export function bytesContent(bytes: Uint8Array | string): Content {
  const held = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes;
  return { size: held.length, read: (start, end) => held.slice(start, end) };
}

/**
 * Several contents one after the other.
 * @param sha256 of the whole, when it is known
 */
export function joinContents(parts: readonly Content[], sha256?: string): Content {
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  const read = (start: number, end: number): Uint8Array => {
    const bytes = new Uint8Array(end - start);
    let offset = 0;
    for (const part of parts) {
      const from = Math.max(start - offset, 0);
      const to = Math.min(end - offset, part.size);
      if (from < to) bytes.set(part.read(from, to), offset + from - start);
      offset += part.size;
    }
    return bytes;
  };
  return sha256 === undefined ? { size, read } : { size, read, sha256 };
}

/** All bytes of a content in chunks of 1 MiB. */
export function* contentChunks(content: Content): Generator<Uint8Array> {
  for (let start = 0; start < content.size; start += CHUNK) {
    yield content.read(start, Math.min(start + CHUNK, content.size));
  }
}

/** SHA-256 (64 hex) of a content: the known one, or computed by reading everything. */
export function contentSha256(content: Content): string {
  if (content.sha256 !== undefined) return content.sha256;
  const hash = createHash('sha256');
  for (const chunk of contentChunks(content)) hash.update(chunk);
  return hash.digest('hex');
}
