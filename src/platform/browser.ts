import { sha1 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';
import type { Platform } from './platform.ts';

const algorithms = { 'SHA-1': sha1, 'SHA-256': sha256 };

export const platform: Platform = {
  digest: (algorithm, bytes) => new Uint8Array(algorithms[algorithm](bytes)),
  digestInto(algorithm, bytes, target, offset) {
    target.set(algorithms[algorithm](bytes), offset);
  },
};
