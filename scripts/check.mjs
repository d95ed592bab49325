#!/usr/bin/env node
/** `npm run check`: everything that can be said about the code without running the system. All steps run, then a summary. */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name) => join(root, 'node_modules', '.bin', name);

const steps = [
  ['build', process.execPath, [join(root, 'scripts', 'build.mjs')]],
  ['types', bin('tsc'), ['-p', 'tsconfig.json']],
  ['format and lint', bin('biome'), ['check', '--error-on-warnings']],
  ['layers, exports, docs', bin('vitest'), ['run', '--project', 'unit', 'test/package']],
  ['package (publint)', bin('publint'), ['run', '--strict']],
  ['unused (knip)', bin('knip'), ['--treat-config-hints-as-errors']],
];

const results = steps.map(([name, command, args]) => {
  console.log(`\n== ${name}`);
  const started = performance.now();
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (error) console.error(error.message);
  return { name, ok: status === 0, seconds: (performance.now() - started) / 1000 };
});

console.log('');
for (const { name, ok, seconds } of results)
  console.log(`${ok ? 'ok    ' : 'FAILED'}  ${name} (${seconds.toFixed(1)} s)`);
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;
