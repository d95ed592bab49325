import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Client } from '../../src/client/client.ts';
import { createClient } from '../../src/client/create-client.ts';
import type { ClientOptions } from '../../src/client/options.ts';
import { hashFile } from '../../src/hashing/file-hashes.ts';
import { createHashPool } from '../../src/hashing/hash-pool.ts';
import { planFileTorrent, planRepoTorrent, sealLayout, type Variant } from '../../src/metainfo/canonical.ts';
import { createTorrent } from '../../src/metainfo/create-torrent.ts';

/** A client on loopback that looks for nobody by itself, and closes when the test ends. */
export async function loopbackClient(options: ClientOptions = {}): Promise<Client> {
  const client = await createClient({ host: '127.0.0.1', dht: false, lsd: false, ...options });
  onTestFinished(() => client.close());
  return client;
}

/** Bytes that are not alike anywhere. */
export function patternBytes(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => ((at * 31 + seed * 7) ^ (at >> 8) ^ (at >> 15)) & 255);
}

/** Writes files below a folder, and returns the bytes of a torrent of them: of one file by its name, of several as a repo of that name. */
export async function makeContent(
  folder: string,
  name: string,
  files: Readonly<Record<string, Uint8Array>>,
  variant: Variant = 'default',
): Promise<Uint8Array<ArrayBuffer>> {
  const hashing = createHashPool({ threads: 2 });
  try {
    const entries = Object.entries(files);
    const isSingle = entries.length === 1 && name in files;
    for (const [path, bytes] of entries) {
      const place = isSingle ? join(folder, path) : join(folder, name, path);
      await mkdir(dirname(place), { recursive: true });
      await writeFile(place, bytes);
    }
    const sizes = entries.map(([path, { length }]) => ({ path, length }));
    const layout = isSingle
      ? planFileTorrent(name, sizes[0]?.length ?? 0, variant)
      : planRepoTorrent(name, sizes, variant);
    const { pieceLength, version } = layout;
    const pieceLengths = version === 'v2' ? [] : [pieceLength];
    const hashes = await Promise.all(
      entries.map(([path, { length }]) =>
        hashFile(hashing, isSingle ? join(folder, path) : join(folder, name, path), length, { pieceLengths }),
      ),
    );
    const { info, pieceLayers } = sealLayout(layout, (index) => {
      const found = hashes[index];
      if (!found) throw new RangeError('no such file');
      return found;
    });
    return createTorrent({ info, pieceLayers });
  } finally {
    await hashing.close();
  }
}
