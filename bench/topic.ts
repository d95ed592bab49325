import type { Result } from './result.ts';

/** How a topic is asked to run. */
export interface BenchOptions {
  /** Fewer rounds, to see that it works. Its numbers are not for quoting. */
  readonly quick: boolean;
  /** Only scenarios whose name holds these words. */
  readonly only: string | undefined;
  /** Folder for CPU profiles of the server under test. It is slower while it is profiled. */
  readonly profileDir: string | undefined;
  /** Says on stderr what is going on. */
  readonly progress: (line: string) => void;
}

/** What `<topic>.bench.ts` exports. */
export interface Topic {
  readonly run: (options: BenchOptions) => Promise<Result[]>;
}
