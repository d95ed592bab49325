import { Presets, SingleBar } from 'cli-progress';
import type { Terminal } from '../terminal.ts';
import { formatSize } from '../values.ts';

/** How far something is, shown at a terminal. */
export interface Progress extends Disposable {
  /** So many bytes more are done. */
  add(bytes: number): void;
  /** So many bytes of so many are done. */
  set(bytes: number, total: number): void;
}

/** A bar on stderr if that is a terminal: a log would get one line for each of its steps. `total`: bytes. */
export function startProgress({ stderr }: Terminal, title: string, total: number): Progress {
  if (!stderr.isTTY) return { add() {}, set() {}, [Symbol.dispose]() {} };
  const startedAt = performance.now();
  const format = `${title.padEnd(10)} {bar} {percentage} %  {speed}`;
  const bar = new SingleBar({ format, stream: stderr, hideCursor: true }, Presets.shades_classic);
  let done = 0;
  const show = (): void => {
    const speed = formatSize((done * 1000) / Math.max(1, performance.now() - startedAt));
    bar.update(done, { speed: `${speed}/s` });
  };
  bar.start(total, 0, { speed: '' });
  return {
    add(bytes) {
      done += bytes;
      show();
    },
    set(bytes, all) {
      done = bytes;
      bar.setTotal(all);
      show();
    },
    [Symbol.dispose]: () => bar.stop(),
  };
}
