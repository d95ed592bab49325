import { readFileSync } from 'node:fs';

/** The middle value (of an even number, the mean of the two in the middle). */
export function median(values: readonly number[]): number {
  return (percentile(values, 0.5, 'floor') + percentile(values, 0.5, 'ceil')) / 2;
}

/** The value below which `share` (0..1) of all values lie. */
export function percentile(values: readonly number[], share: number, rounding: 'floor' | 'ceil' = 'ceil'): number {
  if (values.length === 0) throw new RangeError('nothing was measured');
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math[rounding]((sorted.length - 1) * share)] ?? Number.NaN;
}

/** Measures sides in turns (A B A B ...), so that drift of the machine meets all of them alike. */
export async function alternate<Side extends string, Value>(
  rounds: number,
  sides: Readonly<Record<Side, (round: number) => Promise<Value>>>,
): Promise<Record<Side, Value[]>> {
  const names = Object.keys(sides) as Side[];
  const values = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Side, Value[]>;
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) values[name].push(await sides[name](round));
  }
  return values;
}

// What Linux counts CPU time in, on every architecture that Node runs on.
const TICKS_PER_SECOND = 100;

/** CPU seconds (user and system, all threads) that processes have used so far. */
function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    // The command name, in parentheses, may hold spaces.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return sum + (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }, 0);
}

/** Runs something and tells the CPU seconds that `pids` used meanwhile, beside its result. */
export async function withCpu<T>(pids: readonly number[], work: () => Promise<T>): Promise<{ value: T; cpu: number }> {
  const before = cpuSeconds(pids);
  const value = await work();
  return { value, cpu: cpuSeconds(pids) - before };
}

/** Resident memory of a process in MB: now, and the most since `resetPeakMemory`. */
export function memory(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string) => (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024) / 1e6;
  return { now: field('VmRSS'), peak: field('VmHWM') };
}
