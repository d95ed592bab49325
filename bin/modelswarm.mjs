#!/usr/bin/env node
// Plain JavaScript, so that an old Node gets one clear line and not a syntax error.
import { existsSync } from 'node:fs';

const compiled = new URL('../dist/cli/main.js', import.meta.url);

function fail(line) {
  process.stderr.write(`modelswarm: ${line}\n`);
  process.exitCode = 1;
}

if (Number(process.versions.node.split('.')[0]) < 24) {
  fail(`needs Node 24 or newer, and this is Node ${process.versions.node}.`);
} else if (!existsSync(compiled)) {
  fail('dist/cli/main.js is missing: run `npm run build` (or install the package again).');
} else {
  // File reads and writes of all transfers share this pool, and 4 threads (the default) are few for several disks.
  // It has no effect once the pool has started: Node 24 has not started it when this line runs (8 more threads were
  // counted under load), so this must stay ahead of the import.
  if (!process.env.UV_THREADPOOL_SIZE) process.env.UV_THREADPOOL_SIZE = '8';
  await import(compiled.href);
}
