import { Presets, SingleBar } from 'cli-progress';
import type { Terminal } from '../terminal.ts';
import { formatSize } from '../values.ts';

/** How far something is, for people at a terminal; a log gets nothing. */
export interface Progress {
  /** Bytes done so far. */
  update(bytes: number): void;
  stop(): void;
}

/** Shows a bar on stderr for `total` bytes of work. */
export function showProgress(terminal: Terminal, what: string, total: number): Progress {
  if (!terminal.stderr.isTTY || total === 0) return { update() {}, stop() {} };
  const bar = new SingleBar(
    {
      format: `${what} {bar} {percentage} %  {speed}`,
      stream: terminal.stderr,
      hideCursor: true,
      clearOnComplete: true,
    },
    Presets.shades_classic,
  );
  const startedAt = performance.now();
  bar.start(total, 0, { speed: '' });
  return {
    update: (bytes) =>
      bar.update(bytes, { speed: `${formatSize((bytes * 1000) / (performance.now() - startedAt))}/s` }),
    stop: () => bar.stop(),
  };
}
