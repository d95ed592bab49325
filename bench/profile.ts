import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

const SHOWN = 15;

/** What each thread of a profiled server was doing: its functions with the most time of their own, seconds and share. */
export async function summarizeProfiles(folder: string): Promise<string> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.cpuprofile')).sort();
  const parts = files.map(async (name) => {
    const { total, functions } = selfTimes(JSON.parse(await readFile(join(folder, name), 'utf8')));
    const lines = functions
      .slice(0, SHOWN)
      .map(({ label, seconds }) => `  ${seconds.toFixed(2)} s  ${Math.round((seconds / total) * 100)} %  ${label}`);
    return [`${name}: busy for ${total.toFixed(2)} s`, ...lines].join('\n');
  });
  return (await Promise.all(parts)).join('\n\n');
}

function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): {
  total: number;
  functions: { label: string; seconds: number }[];
} {
  const labels = new Map(
    nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => [
      id,
      `${functionName || '(anonymous)'} ${url.replace(/^.*\/(dist|node_modules)\//, '$1/')}:${lineNumber + 1}`,
    ]),
  );
  const seconds = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const label = labels.get(id) ?? '';
    // Waiting is not work.
    if (/^\((idle|program|root)\)/.test(label)) continue;
    seconds.set(label, (seconds.get(label) ?? 0) + (timeDeltas[index] ?? 0) / 1e6);
  }
  const functions = [...seconds].map(([label, value]) => ({ label, seconds: value }));
  return {
    total: functions.reduce((sum, one) => sum + one.seconds, 0),
    functions: functions.sort((a, b) => b.seconds - a.seconds),
  };
}
