import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface UpstreamPace {
  /** Milliseconds before each answer. */
  readonly delay?: number;
  /** Of all file bodies together. */
  readonly bytesPerSecond?: number;
}

export type UpstreamCall =
  | { readonly do: 'url' }
  | { readonly do: 'add'; readonly repo: string; readonly files: readonly { path: string; size: number }[] }
  | { readonly do: 'pace'; readonly pace: UpstreamPace }
  | { readonly do: 'sent'; readonly repo: string; readonly path: string };

/** A sample hub in a process of its own, so that its work is not measured as ours. */
export interface Upstream extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** Adds a repo whose files are random bytes of these sizes; resolves with its commit. */
  add(repo: string, files: readonly { path: string; size: number }[]): Promise<string>;
  /** Replaces the pace; `{}` is as fast as it can. */
  pace(pace: UpstreamPace): Promise<void>;
  /** Bytes of this file that it has sent so far. */
  sent(repo: string, path: string): Promise<number>;
}

/** Starts the upstream. */
export async function startUpstream(): Promise<Upstream> {
  const child = fork(join(import.meta.dirname, 'upstream-process.ts'), { stdio: ['ignore', 2, 2, 'ipc'] });
  const waiting = new Map<number, (result: unknown) => void>();
  child.on('message', ({ id, result }: { id: number; result: unknown }) => {
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  const exited = once(child, 'exit');
  let calls = 0;
  const ask = (call: UpstreamCall) => {
    const id = calls++;
    const answered = new Promise<unknown>((resolve) => waiting.set(id, resolve));
    child.send({ id, call });
    const died = exited.then(() => {
      throw new Error('the upstream process ended');
    });
    return Promise.race([answered, died]);
  };
  return {
    url: String(await ask({ do: 'url' })),
    pid: child.pid ?? 0,
    add: async (repo, files) => String(await ask({ do: 'add', repo, files })),
    async pace(pace) {
      await ask({ do: 'pace', pace });
    },
    sent: async (repo, path) => Number(await ask({ do: 'sent', repo, path })),
    async [Symbol.asyncDispose]() {
      child.disconnect();
      await exited;
    },
  };
}
