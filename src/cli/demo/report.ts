import type { ClientLine } from '../../server/client-lines.ts';
import { formatSize } from '../values.ts';
import type { Pull } from './pull-repo.ts';

/** One of the demo's downloads, with what it cost at the hub. */
export interface DemoDownload extends Pull {
  readonly name: string;
  /** Bytes of files that the hub sent meanwhile. */
  readonly fromHub: number;
}

/** What the demo has shown. */
export interface DemoReport {
  readonly url: string;
  readonly repo: string;
  readonly downloads: readonly DemoDownload[];
  readonly clients: readonly ClientLine[];
}

/** The comparison of the downloads, for people. */
export function reportText({ repo, downloads }: DemoReport): string {
  const header = ['', 'time', 'speed', 'from the Hub', 'to the client'];
  const rows = downloads.map(({ name, seconds, bytes, fromHub }) => [
    name,
    `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`,
    `${formatSize(bytes / seconds)}/s`,
    formatSize(fromHub),
    formatSize(bytes),
  ]);
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column]?.length ?? 0)));
  const table = [header, ...rows].map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('   '));
  const [cold, warm] = downloads;
  if (!cold || !warm) return table.join('\n');
  const faster = (cold.seconds / warm.seconds).toFixed(1);
  return [
    ...table.map((line) => line.trimEnd()),
    '',
    `All ${cold.files} files of ${repo} matched the Hub's hashes, both times.`,
    `The second download was ${faster} times as fast, and ${formatSize(cold.fromHub - warm.fromHub)} did not cross the line again.`,
  ].join('\n');
}

/** The lines to paste, for people. */
export function clientText(clients: readonly ClientLine[]): string {
  return clients.map(({ client, code }) => `# ${client}\n${code}`).join('\n\n');
}
