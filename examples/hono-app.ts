/**
 * The mirror inside an app of one's own. Run it:
 *
 *     npx node examples/hono-app.ts
 *     HF_ENDPOINT=http://127.0.0.1:8080 hf download org/model
 */
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { modelswarm } from 'modelswarm';

const { PORT = '8080', DATA_DIR = './data', UPSTREAM = 'https://huggingface.co' } = process.env;

const mirror = modelswarm({ dataDir: DATA_DIR, upstream: UPSTREAM });
const app = new Hono();
app.get('/hello', (context) => context.text('hello'));
// Last, because it answers every path that nobody before it did.
app.route('/', mirror);

const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(PORT) }, ({ port }) => {
  console.log(`listening on http://127.0.0.1:${port}`);
});

process.once('SIGTERM', async () => {
  server.close();
  await mirror.close();
});
