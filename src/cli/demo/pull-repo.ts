import { createHash, type Hash } from 'node:crypto';
import { get, type IncomingMessage } from 'node:http';
import { z } from 'zod';
import { SwarmError } from '../../errors.ts';

/** What one download of a repo was like. */
export interface Pull {
  readonly files: number;
  readonly bytes: number;
  readonly seconds: number;
}

interface ListedFile {
  readonly path: string;
  readonly size: number;
  /** Git object id of a plain file; of an LFS file that of its pointer. */
  readonly oid: string;
  readonly lfs?: { readonly oid: string } | undefined;
}

const treeSchema = z.array(
  z.object({
    type: z.string(),
    path: z.string(),
    size: z.number(),
    oid: z.string(),
    lfs: z.object({ oid: z.string() }).optional(),
  }),
);

/**
 * Downloads a model as a client of a mirror does, keeps nothing, and compares each file with the hash that the listing
 * names for it. `onBytes` hears of every chunk. Throws INTEGRITY when a file does not match.
 */
export async function pullRepo(options: {
  readonly url: string;
  readonly repo: string;
  readonly onStart: (bytes: number) => void;
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
}): Promise<Pull> {
  const { url, repo, signal } = options;
  const startedAt = performance.now();
  const listing = await open(`${url}/api/models/${repo}/tree/main?recursive=true`, signal);
  const files = treeSchema.parse(JSON.parse(await textOf(listing))).filter(({ type }) => type === 'file');
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  options.onStart(bytes);
  for (const file of files) {
    const path = file.path.split('/').map(encodeURIComponent).join('/');
    const body = await open(`${url}/${repo}/resolve/main/${path}`, signal);
    await check(file, body, options.onBytes);
  }
  return { files: files.length, bytes, seconds: (performance.now() - startedAt) / 1000 };
}

async function check(file: ListedFile, body: IncomingMessage, onBytes: (bytes: number) => void): Promise<void> {
  const hash = file.lfs ? createHash('sha256') : gitHash(file.size);
  for await (const chunk of body) {
    hash.update(chunk);
    onBytes(chunk.length);
  }
  if (hash.digest('hex') !== (file.lfs?.oid ?? file.oid)) {
    throw new SwarmError('INTEGRITY', `${file.path} does not match the hash that the Hub lists for it.`);
  }
}

function gitHash(size: number): Hash {
  return createHash('sha1').update(`blob ${size}\0`);
}

// node:http and not fetch: this runs beside the server and the hub, and should cost as little as a client of another process.
function open(url: string, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { signal }, (response) => {
      if (response.statusCode === 200) return resolve(response);
      response.resume();
      reject(new SwarmError('UPSTREAM_INVALID', `${new URL(url).pathname} was answered with ${response.statusCode}.`));
    }).on('error', reject);
  });
}

async function textOf(body: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of body.setEncoding('utf8')) text += chunk;
  return text;
}
