import type { Environment } from './config-file.ts';

/** What a command sees of the process that it runs in. */
export interface Terminal {
  readonly environment: Environment;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** Aborted by the first ctrl-C or SIGTERM. */
  readonly stop: AbortSignal;
  /** Writes one line or more to stdout. */
  print(text: string): void;
  /** Writes a line for people to stderr. */
  complain(text: string): void;
  /** Makes the exit code 1. */
  fail(): void;
}
