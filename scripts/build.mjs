#!/usr/bin/env node
/**
 * Compiles src/ to dist/ (or to `--out DIR`), and bundles what browsers load. The old dist/ stays whole until the new one is complete, so that a server
 * that runs from it, or a second build, never sees half of it. Runs on Node 20: `npm ci` calls it (`prepare`) with the
 * machine's own Node.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const outFlag = process.argv.indexOf('--out');
const out = outFlag === -1 ? join(root, 'dist') : resolve(process.argv[outFlag + 1] ?? '');
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');

if (!existsSync(compiler)) {
  // `npm ci --omit=dev` in a checkout that was built before: there is nothing to build with, and nothing to build.
  if (existsSync(join(out, 'cli', 'main.js'))) process.exit(0);
  console.error('build: TypeScript is not installed and dist/ is missing. Run `npm ci` (without --omit=dev) first.');
  process.exit(1);
}

removeLeftovers();
const started = performance.now();
const fresh = `${out}.new-${process.pid}`;
const old = `${out}.old-${process.pid}`;
try {
  const args = [compiler, '-p', join(root, 'tsconfig.build.json'), '--outDir', fresh];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) {
    console.error('build: failed; dist/ is as it was.');
    process.exitCode = 1;
  } else {
    // Not there without development dependencies, like the compiler.
    const { bundleBrowser } = await import('./bundle-browser.mjs');
    await bundleBrowser(join(fresh, 'browser'));
    if (existsSync(out)) renameSync(out, old);
    renameSync(fresh, out);
    console.log(`build: ${out} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
} finally {
  rmSync(fresh, { recursive: true, force: true });
  rmSync(old, { recursive: true, force: true });
}

/** Drops what builds that were killed have left, but not what belongs to one that runs now. */
function removeLeftovers() {
  for (const name of existsSync(dirname(out)) ? readdirSync(dirname(out)) : []) {
    const pid = /^dist\.(?:new|old)-(\d+)$/.exec(name)?.[1];
    if (pid && !isRunning(Number(pid))) rmSync(join(dirname(out), name), { recursive: true, force: true });
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
