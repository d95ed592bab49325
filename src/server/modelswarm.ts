import type { Hono } from 'hono';
import type { ModelswarmOptions } from './options.ts';
import { createService } from './service.ts';
import { mirrorSettings } from './validate-options.ts';

/** A mirror as a Hono app. */
export interface Modelswarm extends Hono, AsyncDisposable {
  /**
   * Opens the data directory now instead of on the first request. Throws DATA_DIR_LOCKED when another process uses it,
   * DATA_DIR_FORMAT when a newer version wrote it.
   */
  open(): Promise<void>;
  /** Puts running downloads aside, to be taken up by the next start, and closes everything. Idempotent. */
  close(): Promise<void>;
}

/**
 * The mirror as a Hono app, to be mounted in another one after its own routes (it answers every path):
 *
 *     const mirror = modelswarm({ dataDir: '/var/lib/models' });
 *     app.route('/', mirror);
 *     // at the end: await mirror.close();
 *
 * The app that it is mounted in decides who can reach it; `allow`, `deny` and `clientTokens` hold here too.
 * File bytes take the fast path only under `createServer`. Throws CONFIG, naming the option that is wrong.
 */
export function modelswarm(options: ModelswarmOptions = {}): Modelswarm {
  const service = createService(mirrorSettings(options));
  const { app, close } = service;
  return Object.assign(app, {
    open: async () => {
      await service.open();
    },
    close,
    [Symbol.asyncDispose]: close,
  });
}
