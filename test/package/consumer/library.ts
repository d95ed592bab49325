// What a program that uses the installed package looks like: it must type-check against the published declarations.
import { Hono } from 'hono';
import { createServer, isSwarmError, type Logger, modelswarm, type RunningServer, SwarmError } from 'modelswarm';

const logger: Logger = { debug: console.debug, info: console.info, warn: console.warn, error: console.error };

export function mounted(): Hono {
  const app = new Hono();
  app.get('/hello', (context) => context.text('hello'));
  app.route('/', modelswarm({ dataDir: '/var/lib/models', allow: ['org/*'], logger }));
  return app;
}

export async function listening(): Promise<RunningServer> {
  try {
    return await createServer({ port: 0, upstream: 'https://huggingface.co', maxCacheSize: 200e9 }).listen();
  } catch (error) {
    if (isSwarmError(error, 'DATA_DIR_LOCKED')) throw new SwarmError('CONFIG', 'in use', { cause: error });
    throw error;
  }
}

// @ts-expect-error: options are checked, so that a misspelt one is found before it is run.
export const misspelt = createServer({ portt: 8080 });
