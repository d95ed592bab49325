#!/usr/bin/env node
/**
 * `npm test [-- --yes] [vitest arguments]`: sees to the real programs that tests talk to, then runs every test.
 * It asks before it installs anything, unless CI=true or --yes says go; without an answer it goes on with what is there,
 * and the tests that need the rest are skipped and listed. `--long`: also the tests of full sizes.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { listPeers } from './test-peers.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const args = process.argv.slice(2);
const yes = take('--yes') || /^(1|true)$/.test(process.env.CI ?? '');
const long = take('--long') || process.env.MODELSWARM_TEST_LONG === '1';

if (Number(process.versions.node.split('.')[0]) < 24) {
  console.error(
    `test: this is Node ${process.versions.node}; \`npm test\` runs with the Node 24 of node_modules (npm ci).`,
  );
  process.exit(1);
}

const problems = await preparePeers();
const started = performance.now();
const { status } = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=./scripts/skipped-reporter.mjs',
    ...args,
  ],
  { cwd: root, stdio: 'inherit', env: { ...process.env, ...(long ? { MODELSWARM_TEST_LONG: '1' } : {}) } },
);
for (const problem of problems) console.log(`not installed: ${problem}`);
console.log(`test: ${status === 0 ? 'passed' : 'FAILED'} in ${seconds(started)}`);
process.exitCode = status ?? 1;

/** Shows what is there, installs the rest if it may; returns what is still missing, with the reason. */
async function preparePeers() {
  const groups = listPeers();
  console.log('Real programs that some tests talk to:');
  for (const { title, peers } of groups) {
    console.log(`  ${title}`);
    for (const { name, present } of peers) console.log(`    ${present ? 'present' : 'MISSING'}  ${name}`);
  }
  const incomplete = groups.filter(({ peers }) => peers.some(({ present }) => !present));
  if (incomplete.length === 0) return [];
  if (!(yes || (await ask()))) {
    console.log('Going on without what is missing (`npm test -- --yes` or CI=true installs it).');
    return incomplete.map((group) => `${missing(group)} (not asked for)`);
  }
  const failures = [];
  for (const group of incomplete) {
    const begun = performance.now();
    console.log(`\ninstalling: ${missing(group)}`);
    const failure = group.install();
    console.log(failure ? `could not install: ${failure}` : `installed in ${seconds(begun)}`);
    if (failure) failures.push(`${missing(group)} (${failure})`);
  }
  return failures;
}

async function ask() {
  if (!process.stdin.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question('Install what is missing? No daemon is started. [y/N] ');
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

function missing({ peers }) {
  return peers
    .filter(({ present }) => !present)
    .map(({ name }) => name)
    .join(', ');
}

function take(flag) {
  const at = args.indexOf(flag);
  if (at !== -1) args.splice(at, 1);
  return at !== -1;
}

function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
