import { createHash } from 'node:crypto';
import { request } from 'node:http';

/** How one download ended. */
export interface Download {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: number;
  readonly sha256: string;
  /** The connection closed before `Content-Length` bytes had come. */
  readonly cut: boolean;
}

export interface DownloadOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Called for each chunk; the next one is read when it resolves. */
  readonly onChunk?: (chunk: Uint8Array, total: number) => void | Promise<void>;
  readonly signal?: AbortSignal;
}

/** Downloads a URL over a connection of its own and hashes what comes, keeping nothing. */
export function download(url: string, options: DownloadOptions = {}): Promise<Download> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      { agent: false, headers: { ...options.headers }, signal: options.signal },
      async (incoming) => {
        const hash = createHash('sha256');
        let bytes = 0;
        let cut = false;
        try {
          for await (const chunk of incoming) {
            hash.update(chunk);
            bytes += chunk.length;
            await options.onChunk?.(chunk, bytes);
          }
        } catch {
          cut = true;
        }
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          bytes,
          sha256: hash.digest('hex'),
          cut,
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/** Waits until `condition` holds; fails after `seconds`. */
export async function until(condition: () => boolean | Promise<boolean>, seconds = 20): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Waited ${seconds} s in vain`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
