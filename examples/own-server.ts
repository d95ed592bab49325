/** A mirror with a server of its own, for one team's models. Run it: npx node examples/own-server.ts */
import { createServer, isSwarmError } from 'modelswarm';

const { PORT = '8080', DATA_DIR = './data', UPSTREAM = 'https://huggingface.co' } = process.env;

try {
  const server = await createServer({
    port: Number(PORT),
    dataDir: DATA_DIR,
    upstream: UPSTREAM,
    maxCacheSize: 500e9,
    allow: ['org/*', 'datasets/org/*'],
    logger: { debug() {}, info: console.log, warn: console.warn, error: console.error },
  }).listen();
  console.log(`listening on ${server.url}`);
  process.once('SIGTERM', () => server.close());
} catch (error) {
  if (!isSwarmError(error)) throw error;
  // For example DATA_DIR_LOCKED: another process uses the directory.
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
