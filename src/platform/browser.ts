import type { Platform } from './platform.ts';

export const platform: Platform = {
  async digest(algorithm, bytes) {
    return new Uint8Array(await crypto.subtle.digest(algorithm, new Uint8Array(bytes)));
  },
};
