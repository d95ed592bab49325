import { sha1 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';
import type { Platform } from './platform.ts';

export const platform: Platform = {
  digest: (algorithm, bytes) => new Uint8Array(algorithm === 'SHA-1' ? sha1(bytes) : sha256(bytes)),
};
