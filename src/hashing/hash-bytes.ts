import { createHash } from 'node:crypto';

/** The two names of some bytes, lower-case hex. */
export interface Digests {
  readonly sha256: string;
  readonly gitOid: string;
}

/** What git puts in front of the bytes of a blob before it takes their SHA-1. */
export const gitBlobHeader = (size: number): string => `blob ${size}\0`;

/** SHA-256 and git oid of bytes in memory. Blocks for about 1 ms per MiB: for small files only. */
export function hashBytes(bytes: Uint8Array): Digests {
  return {
    sha256: createHash('sha256').update(bytes).digest('hex'),
    gitOid: createHash('sha1').update(gitBlobHeader(bytes.length)).update(bytes).digest('hex'),
  };
}
