import { expect, test } from 'vitest';
import type { BlobStore, Reservation } from '../contracts/blob-store.ts';
import { Room } from './room.ts';

const MIB = 1024 * 1024;

/** Only `reserve` is used by a room. */
function storeWith(reserve: (bytes: number) => Promise<Reservation>): BlobStore {
  return { reserve } as unknown as BlobStore;
}

test('room that is granted after the fill has ended is given back', async () => {
  const open = new Set<Reservation>();
  const grants: (() => void)[] = [];
  const blobs = storeWith(async () => {
    if (open.size > 0) await new Promise<void>((resolve) => grants.push(resolve));
    const reservation: Reservation = {
      directory: '/data',
      written: () => {},
      release: () => open.delete(reservation),
    };
    open.add(reservation);
    return reservation;
  });
  const room = await Room.open({ blobs, size: 1024 * MIB, whole: false, left: undefined });
  const growing = room.claimAll();
  room.release();
  grants[0]?.();
  await expect(growing).rejects.toMatchObject({ code: 'CLOSED' });
  expect(open.size).toBe(0);
});
