import { hash } from 'node:crypto';
import type { Platform } from './platform.ts';

export const platform: Platform = {
  digest: (algorithm, bytes) => new Uint8Array(hash(algorithm === 'SHA-1' ? 'sha1' : 'sha256', bytes, 'buffer')),
};
