import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface SameAnswer {
  readonly headers: readonly string[];
  /** base64 */
  readonly body: string;
}

export interface SameBytes extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
}

/** Asks `url` once, and starts a bare node:http server in a process of its own that gives that answer to everybody. */
export async function startSameBytes(url: string, method: 'GET' | 'HEAD'): Promise<SameBytes> {
  const response = await fetch(url, { method, headers: { 'accept-encoding': 'identity' } });
  const body = Buffer.from(await response.arrayBuffer());
  // The connection belongs to the server itself; everything else is part of the bytes.
  const own = ['connection', 'keep-alive', 'date', 'transfer-encoding'];
  const headers = [...response.headers].filter(([name]) => !own.includes(name)).flat();
  const child = fork(join(import.meta.dirname, 'same-bytes-process.ts'), { stdio: ['ignore', 2, 2, 'ipc'] });
  const exited = once(child, 'exit');
  child.send({ headers, body: body.toString('base64') } satisfies SameAnswer);
  const [port] = await once(child, 'message');
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      child.disconnect();
      await exited;
    },
  };
}
