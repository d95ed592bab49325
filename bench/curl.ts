import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Transfer {
  /** From the start of the first request, redirects included. */
  readonly seconds: number;
  readonly secondsToFirstByte: number;
  readonly bytes: number;
}

/**
 * GETs a URL with curl, which costs little CPU and is the same client for every side. Follows redirects, drops the body.
 * Throws unless the final answer is 200 with `size` bytes.
 */
export async function curlGet(url: string, size: number): Promise<Transfer> {
  const format = '%{http_code} %{size_download} %{time_starttransfer} %{time_total}';
  const { stdout } = await run('curl', ['-sS', '-L', '-o', '/dev/null', '-w', format, url]);
  const [status, bytes = 0, secondsToFirstByte = 0, seconds = 0] = stdout.split(' ').map(Number);
  if (status !== 200 || bytes !== size) throw new Error(`${url}: ${status} with ${bytes} bytes instead of ${size}`);
  return { seconds, secondsToFirstByte, bytes };
}

/** GETs many URLs over at most `parallel` connections; resolves with the seconds that all of them took together. */
export async function curlMany(urls: readonly string[], parallel: number): Promise<number> {
  const outputs = urls.flatMap((url) => [`url = "${url}"`, 'output = "/dev/null"']).join('\n');
  const args = ['-sS', '-L', '-f', '-Z', '--parallel-max', String(parallel), '-w', '%{http_code}\n', '-K', '-'];
  const started = performance.now();
  const child = run('curl', args, { maxBuffer: 16 << 20 });
  child.child.stdin?.end(outputs);
  const { stdout } = await child;
  const good = stdout.split('\n').filter((line) => line === '200').length;
  if (good !== urls.length) throw new Error(`${urls.length - good} of ${urls.length} files failed`);
  return (performance.now() - started) / 1000;
}
