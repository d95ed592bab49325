import { access, rename, rm, writeFile } from 'node:fs/promises';
import { SwarmError } from '../../errors.ts';

/** Writes a file whole or not at all. Throws CONFIG when there is one already, unless `force`. */
export async function saveFile(path: string, bytes: Uint8Array, { force }: { readonly force: boolean }): Promise<void> {
  if (!force && (await isThere(path))) {
    throw new SwarmError('CONFIG', `${path} is there already. --force writes over it, --out names another file.`);
  }
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
