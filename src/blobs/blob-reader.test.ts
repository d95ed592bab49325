import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import { BlobReader } from './blob-reader.ts';
import { Descriptors } from './descriptors.ts';

async function openReader(size: number): Promise<{ reader: BlobReader; bytes: Uint8Array; calls: string[] }> {
  const path = join(await tempDir(), 'blob');
  const bytes = randomBytes(size);
  await writeFile(path, bytes);
  const descriptors = new Descriptors(0);
  onTestFinished(() => descriptors.close());
  const { descriptor, release } = await descriptors.use('a'.repeat(64), () => path);
  const calls: string[] = [];
  const onIdle = (): void => {
    calls.push('idle');
    release();
  };
  const reader = new BlobReader(descriptor, { onIdle, onUnreadable: () => calls.push('unreadable') });
  return { reader, bytes: new Uint8Array(bytes), calls };
}

test('a reader that is closed gives its file back only when its last read has ended', async () => {
  const { reader, bytes, calls } = await openReader(100_000);
  const buffers = [new Uint8Array(100_000), new Uint8Array(50_000)];
  const reads = buffers.map((buffer) => reader.read(buffer, 0));
  reader.close();
  reader.close();
  expect(calls).toEqual([]);
  expect(await Promise.all(reads)).toEqual([100_000, 50_000]);
  expect(calls).toEqual(['idle']);
  expect(buffers[0]).toEqual(bytes);
});

test('a reader that is closed at rest gives its file back at once, and once', async () => {
  const { reader, calls } = await openReader(10);
  expect(await reader.read(new Uint8Array(4), 8)).toBe(2);
  reader.close();
  reader.close();
  expect(calls).toEqual(['idle']);
});

test('a signal that is aborted during a read rejects it with its reason', async () => {
  const { reader } = await openReader(100_000);
  const leave = new AbortController();
  const reading = reader.read(new Uint8Array(100_000), 0, leave.signal);
  const reason = new Error('the client has left');
  leave.abort(reason);
  await expect(reading).rejects.toBe(reason);
  reader.close();
});
