/**
 * `npm run -s bench -- <topic> [--json] [--quick] [--only <words>] [--profile <dir>]`: measures both sides of a topic in one run.
 * A table on stdout, or one JSON document; progress on stderr. What is measured is dist/, as users run it.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { summarizeProfiles } from './profile.ts';
import { describeMachine, formatTable } from './report.ts';
import type { Topic } from './topic.ts';

const root = join(import.meta.dirname, '..');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean' },
    quick: { type: 'boolean' },
    only: { type: 'string' },
    profile: { type: 'string' },
  },
});
const topics = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.bench.ts'))
  .map((name) => name.replace('.bench.ts', ''));
const [topic = ''] = positionals;

if (!topics.includes(topic)) {
  console.error(
    `usage: npm run -s bench -- <topic> [--json] [--quick] [--only <words>] [--profile <dir>]\ntopics: ${topics.join(', ')}`,
  );
  process.exit(topic === '' ? 0 : 1);
}

buildIfStale();
const machine = describeMachine();
const { run }: Topic = await import(`./${topic}.bench.ts`);
const results = await run({
  quick: values.quick ?? false,
  only: values.only,
  profileDir: values.profile,
  progress: (line) => console.error(line),
});
console.log(values.json ? JSON.stringify({ topic, machine, results }) : formatTable(topic, machine, results));
if (values.profile) console.error(await summarizeProfiles(values.profile));
process.exit(0);

function buildIfStale(): void {
  const newest = (folder: string): number => {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    return Math.max(0, ...files.map(({ parentPath, name }) => statSync(join(parentPath, name)).mtimeMs));
  };
  const built = statSync(join(root, 'dist'), { throwIfNoEntry: false }) ? newest(join(root, 'dist')) : 0;
  if (built > newest(join(root, 'src'))) return;
  const { status } = spawnSync(process.execPath, [join(root, 'scripts', 'build.mjs')], { stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(1);
}
