import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import type { FileStatus, TorrentStatus } from '../../swarm/torrent-status.ts';
import type { Terminal } from '../terminal.ts';
import { formatSize } from '../values.ts';

/** Files that have a bar of their own. */
const MOST_BARS = 5;
/** A log that nobody watches gets a line this often. */
const LINE_MS = 10_000;
const PAUSE_MS = 500;

/** Whatever downloads. */
export interface Reported {
  status(): TorrentStatus;
  fileStatus(): FileStatus[];
}

/**
 * Tells how a download goes until `over`: bars at a terminal, JSON lines on stdout with `json`, else a line on stderr from time to time.
 * Rejects as `over` does.
 */
export async function reportUntil<T>(
  over: Promise<T>,
  what: Reported,
  terminal: Terminal,
  { json = false }: { readonly json?: boolean | undefined } = {},
): Promise<T> {
  const show = json ? jsonLines(terminal) : terminal.stderr.isTTY ? bars(terminal) : lines(terminal);
  const timer = setInterval(() => show.update(what), PAUSE_MS);
  show.update(what);
  try {
    return await over;
  } finally {
    clearInterval(timer);
    show.update(what);
    show.stop();
  }
}

interface Show {
  update(what: Reported): void;
  stop(): void;
}

function jsonLines(terminal: Terminal): Show {
  return {
    update: (what) => terminal.print(JSON.stringify({ type: 'status', ...what.status() })),
    stop: () => {},
  };
}

function lines(terminal: Terminal): Show {
  let saidAt = performance.now();
  return {
    update(what) {
      if (performance.now() - saidAt < LINE_MS) return;
      saidAt = performance.now();
      const status = what.status();
      terminal.stderr.write(`${percent(status)} % of ${status.name}, ${describeRates(status)}\n`);
    },
    stop: () => {},
  };
}

function bars(terminal: Terminal): Show {
  const multi = new MultiBar(
    {
      format: '{bar} {share} %  {title}',
      stream: terminal.stderr,
      hideCursor: true,
      clearOnComplete: true,
      barsize: 30,
      fps: 4,
      linewrap: false,
    },
    Presets.shades_classic,
  );
  const files = new Map<string, SingleBar>();
  const whole = multi.create(1, 0, { share: '0', title: '' });
  return {
    update(what) {
      const status = what.status();
      whole.setTotal(Math.max(1, status.size));
      whole.update(status.done, { share: percent(status), title: `${status.name}  ${describeRates(status)}` });
      const active = what.fileStatus().filter(({ size, done, isWanted }) => isWanted && done > 0 && done < size);
      const shown = new Set(active.slice(0, MOST_BARS).map(({ path }) => path));
      for (const [path, bar] of files) {
        if (shown.has(path)) continue;
        multi.remove(bar);
        files.delete(path);
      }
      for (const { path, size, done } of active.slice(0, MOST_BARS)) {
        const bar = files.get(path) ?? multi.create(size, 0, { share: '0', title: path });
        files.set(path, bar);
        bar.update(done, { share: String(Math.floor((done * 100) / size)), title: path });
      }
    },
    stop: () => multi.stop(),
  };
}

/** `120 MB/s (peers 80 MB/s from 5, hub 40 MB/s), 3 min left` */
function describeRates(status: TorrentStatus): string {
  const { state, downRate, size, done } = status;
  if (state === 'metadata') return `asking peers what it is (${status.peers} connected)`;
  if (state === 'checking') return 'looking at what is on the disk';
  const parts = status.sources
    .filter(({ rate, connections }) => rate > 0 || connections > 0)
    .map(({ name, rate, connections }) =>
      name === 'peers' ? `${countPeers(connections)} ${formatSize(rate)}/s` : `${name} ${formatSize(rate)}/s`,
    );
  const left = downRate > 0 ? `, ${describeSeconds((size - done) / downRate)} left` : '';
  return `${formatSize(downRate)}/s${parts.length > 0 ? ` (${parts.join(', ')})` : ''}${left}`;
}

/** `1 peer`, `2 peers` */
export function countPeers(count: number): string {
  return `${count} ${count === 1 ? 'peer' : 'peers'}`;
}

function percent({ progress }: TorrentStatus): string {
  return String(Math.floor(progress * 100));
}

function describeSeconds(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  if (seconds < 3600) return `${Math.ceil(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
