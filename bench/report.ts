import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import type { Result } from './result.ts';

/** Where numbers were measured: without it they mean nothing. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly os: string;
  readonly node: string;
  /** One-minute load average when the run began: what else was running. */
  readonly loadBefore: number;
  /** ISO 8601. */
  readonly date: string;
}

/** Describes this machine, now. */
export function describeMachine(): Machine {
  const [first] = cpus();
  return {
    cpu: first?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${type()} ${release()}`,
    node: process.version,
    loadBefore: Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0]),
    date: new Date().toISOString(),
  };
}

/** The results as a table for people. */
export function formatTable(topic: string, machine: Machine, results: readonly Result[]): string {
  const rows = results.map((result) => [
    result.name,
    number(result.ours),
    Object.entries(result.peers)
      .map(([name, value]) => `${name} ${number(value)}`)
      .join(', ') || '-',
    result.unit,
    result.ratio === null ? '-' : String(result.ratio),
    result.target === null ? '-' : `${result.better === 'higher' ? '>=' : '<='} ${result.target}`,
    result.ok === null ? '' : result.ok ? 'ok' : 'MISSED',
  ]);
  const head = ['', 'ours', 'peer', 'unit', 'ratio', 'target', ''];
  const widths = head.map((title, column) => Math.max(...[title, ...rows.map((row) => row[column] ?? '')].map(width)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const { cpu, cores, memoryGiB, os, node, loadBefore } = machine;
  const where = `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${os}, Node ${node}, load before ${loadBefore}`;
  return [`${topic} (${where})`, '', line(head), ...rows.map(line)].join('\n');
}

function width(text: string): number {
  return text.length;
}

function number(value: number): string {
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en') : String(value);
}
