import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { type Digests, gitBlobHeader } from './hash-bytes.ts';

/** SHA-256 of a content and, unless it was left out, its git oid, in one pass. */
export class ContentDigest {
  readonly kind = 'content';
  readonly #sha256: Hash = createHash('sha256');
  readonly #sha1: Hash | undefined;

  /** `size`: bytes of the whole content, which git hashes first. */
  constructor(size: number, gitOid: boolean) {
    this.#sha1 = gitOid ? createHash('sha1').update(gitBlobHeader(size)) : undefined;
  }

  update(bytes: Uint8Array): void {
    this.#sha256.update(bytes);
    this.#sha1?.update(bytes);
  }

  /** Once, at the end. `gitOid` is '' if it was left out. */
  digests(): Digests {
    return { sha256: this.#sha256.digest('hex'), gitOid: this.#sha1?.digest('hex') ?? '' };
  }
}

/** CRC-32 as zlib counts it. */
export class Crc32Digest {
  readonly kind = 'crc32';
  value = 0;

  update(bytes: Uint8Array): void {
    this.value = crc32(bytes, this.value);
  }
}
