import { expect, test } from 'vitest';
import type { TorrentStorage } from '../contracts/torrent-storage.ts';
import { SwarmError } from '../errors.ts';
import { createSpillStorage } from './spill-storage.ts';
import { createTorrentMemory } from './torrent-memory.ts';

/** A storage that has room for the files below `room`. */
function withRoomFor(room: number): { storage: TorrentStorage; fill: () => void } {
  const memory = createTorrentMemory([4, 4, 4]);
  let isFull = false;
  return {
    fill: () => {
      isFull = true;
    },
    storage: {
      ...memory,
      async write(file, position, bytes) {
        if (isFull || file >= room) throw new SwarmError('DISK_FULL', 'There is no room.');
        await memory.write(file, position, bytes);
      },
    },
  };
}

async function read(storage: TorrentStorage, file: number): Promise<number[]> {
  const bytes = new Uint8Array(4);
  await storage.read(file, 0, [bytes]);
  return [...bytes];
}

test('files for which there is no room are kept in memory, and that is told once of each', async () => {
  const told: [number, string][] = [];
  const storage = createSpillStorage(withRoomFor(1).storage, createTorrentMemory([4, 4, 4]), (...spilled) =>
    told.push(spilled),
  );
  for (const file of [0, 1, 2]) {
    await storage.write(file, 0, Uint8Array.of(file, 1));
    await storage.write(file, 2, Uint8Array.of(2, 3));
    await storage.complete(file);
  }
  await storage.flush([0, 1, 2]);
  expect(await Promise.all([0, 1, 2].map((file) => read(storage, file)))).toEqual([
    [0, 1, 2, 3],
    [1, 1, 2, 3],
    [2, 1, 2, 3],
  ]);
  expect(told).toEqual([
    [1, 'There is no room.'],
    [2, 'There is no room.'],
  ]);
});

test('a file that is partly stored cannot move any more: its failure is told', async () => {
  const { storage: first, fill } = withRoomFor(3);
  const storage = createSpillStorage(first, createTorrentMemory([4, 4, 4]), () => {});
  await storage.write(0, 0, Uint8Array.of(1));
  fill();
  await expect(storage.write(0, 1, Uint8Array.of(2))).rejects.toMatchObject({ code: 'DISK_FULL' });
});
