import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A program that runs beside a test, and writes what it has to say as lines of JSON. */
export interface TalkingProgram extends AsyncDisposable {
  /** The next line. Rejects when the program ends first, or says nothing for 30 seconds. */
  next(): Promise<unknown>;
}

/** Starts it. Its input ends with `close`, and so should it; five seconds later it is killed. */
export function startTalking(command: string, args: readonly string[], cwd?: string): TalkingProgram {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(command, args, { env: { PATH, HOME }, stdio: 'pipe', ...(cwd === undefined ? {} : { cwd }) });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  // It may be gone already when its input ends.
  child.stdin.on('error', () => {});
  return {
    next: async () => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`${command} says nothing. ${errors}`)), 30_000);
      });
      const line = await Promise.race([lines.next(), late]).finally(() => clearTimeout(timer));
      if (line.done) throw new Error(`${command} ended. ${errors}`);
      return JSON.parse(line.value);
    },
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
      await ended;
      clearTimeout(timer);
    },
  };
}
