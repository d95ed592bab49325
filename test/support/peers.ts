import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The `hf` command of the official Python client: from `MODELSWARM_HF_VENV`, or from `.venv` in the repository. */
export function findHf(): string | undefined {
  return inVenv('hf');
}

/** The Python interpreter that can import `huggingface_hub`. */
export function findHfPython(): string | undefined {
  return inVenv('hf') === undefined ? undefined : inVenv('python');
}

/** Is the npm peer `test/peers/<name>` installed? */
export function hasPeer(name: string): boolean {
  return existsSync(join(ROOT, 'test/peers', name, 'node_modules'));
}

/** Where the npm peer `<name>` is: a script that runs there can import its packages. */
export function peerFolder(name: string): string {
  return join(ROOT, 'test/peers', name);
}

/** Can this program be started? */
export function hasCommand(name: string, argument: string = '--version'): boolean {
  return spawnSync(name, [argument], { stdio: 'ignore' }).error === undefined;
}

/**
 * Says why tests are skipped, once per file; returns whether they are.
 * @param present is the peer there?
 * @param name of the peer
 * @param install what would install it
 */
export function missing(present: unknown, name: string, install: string): boolean {
  if (present !== undefined && present !== false) return false;
  console.warn(`skipped: ${name} is not installed (${install})`);
  return true;
}

function inVenv(name: string): string | undefined {
  const folder = process.env.MODELSWARM_HF_VENV ?? join(ROOT, '.venv');
  const path = join(folder, 'bin', name);
  return existsSync(path) ? path : undefined;
}
