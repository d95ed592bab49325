import { access, rename, rm, writeFile } from 'node:fs/promises';
import { SwarmError } from '../../errors.ts';

/** Throws BAD_REQUEST when there is something at `path`, unless `force`. */
export async function refuseToOverwrite(path: string, force: boolean): Promise<void> {
  if (force || !(await isThere(path))) return;
  throw new SwarmError('BAD_REQUEST', `${path} is there already. --force writes over it, --out names another file.`);
}

/** Writes a file whole or not at all. Throws BAD_REQUEST when there is one already, unless `force`; CONFIG when it cannot be written. */
export async function saveFile(path: string, bytes: Uint8Array, { force }: { readonly force: boolean }): Promise<void> {
  await refuseToOverwrite(path, force);
  const draft = `${path}.new-${process.pid}`;
  try {
    await writeFile(draft, bytes);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw new SwarmError('CONFIG', `${path} cannot be written: ${(error as Error).message}`, { cause: error });
  }
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
