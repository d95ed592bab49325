import { readFile } from 'node:fs/promises';
import { peerFolder } from '../../support/peers.ts';
import type { ClientBed } from './client-bed.ts';

/**
 * Runs a module of `node/` inside the isolated network and returns the JSON that is the last line it prints.
 * @param peer whose packages the module imports: a folder of `test/peers`
 * @param argument handed over as JSON
 */
export async function runNode<T>(bed: ClientBed, peer: string, module: string, argument: unknown): Promise<T> {
  // Evaluated, for imports of a file would be looked up beside the file.
  const source = await readFile(new URL(`node/${module}`, import.meta.url), 'utf8');
  const args = ['--input-type=module', '--eval', source, JSON.stringify(argument)];
  const { stdout } = await bed.run(process.execPath, args, { cwd: peerFolder(peer) });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as T;
}
