import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { expectedBytes, ScriptedSource } from '../../test/support/scripted-source.ts';
import { systemClock } from '../base/system-clock.ts';
import type { Part } from '../contracts/part.ts';
import { SwarmError } from '../errors.ts';
import { createHashPool } from '../hashing/hash-pool.ts';
import { openPartFile } from '../storage/part-file.ts';
import { ConnectionBudget } from './connection-budget.ts';
import { Transfer, type TransferOptions } from './transfer.ts';

const MIB = 1024 * 1024;
const hashing = createHashPool({ threads: 1 });
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'transfer-'));
});
afterEach(() => rm(directory, { recursive: true }));
afterAll(() => hashing.close());

const openPart = (size: number): Promise<Part> =>
  openPartFile({
    path: join(directory, 'file.part'),
    size,
    content: 'lfs:x',
    source: 'org/model/file',
    hashing,
    resume: true,
  });

function startTransfer(part: Part, options: Partial<TransferOptions> = {}): Transfer {
  return new Transfer({
    part,
    name: 'org/model/file',
    clock: systemClock,
    random: () => 0,
    budget: new ConnectionBudget(16),
    mostConnections: 4,
    throttle: undefined,
    backgroundEnd: () => part.size,
    ensureRoom: async () => {},
    onProgress: () => {},
    onFailure: () => {},
    ...options,
  });
}

async function untilComplete(transfer: Transfer): Promise<void> {
  for (let position = 0; position < transfer.size; position = transfer.held.endOfRun(position))
    await transfer.wait(position);
}

async function finished(transfer: Transfer, part: Part): Promise<Uint8Array> {
  await untilComplete(transfer);
  await transfer.close();
  await part.close();
  return readFile(join(directory, 'file.part'));
}

describe('a transfer', () => {
  test('brings a file in by several connections and asks for each byte once', async () => {
    const size = 40 * MIB + 12345;
    const source = new ScriptedSource(size);
    const part = await openPart(size);
    const transfer = startTransfer(part);
    transfer.addSource(source);
    expect(Buffer.compare(await finished(transfer, part), expectedBytes(0, size))).toBe(0);
    expect(source.reads.length).toBeGreaterThan(1);
    expect(source.reads.reduce((sum, read) => sum + read.end - read.start, 0)).toBe(size);
  });

  test('fetches what a reader waits for before the background', async () => {
    const size = 256 * MIB;
    const source = new ScriptedSource(size, () => ({ bytesPerSecond: 20 * MIB }));
    const part = await openPart(size);
    const transfer = startTransfer(part);
    transfer.addSource(source);
    const demand = transfer.demand(200 * MIB, 201 * MIB);
    await transfer.wait(200 * MIB);
    expect(transfer.held.bytes).toBeLessThan(64 * MIB);
    demand.close();
    await transfer.close();
    await part.close();
  });

  test('fetches only what readers want when the background is off', async () => {
    const size = 64 * MIB;
    const source = new ScriptedSource(size);
    const part = await openPart(size);
    const transfer = startTransfer(part, { backgroundEnd: () => 0 });
    transfer.addSource(source);
    transfer.demand(10 * MIB, 11 * MIB);
    await transfer.wait(11 * MIB - 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([...transfer.held.spans()]).toEqual([{ start: 10 * MIB, end: 11 * MIB }]);
    await transfer.close();
    await part.close();
  });

  test('goes on where a broken connection stopped', async () => {
    const size = 4 * MIB;
    const broken = new SwarmError('UPSTREAM_UNAVAILABLE', 'connection reset');
    const source = new ScriptedSource(size, (_, index) => (index < 3 ? { error: broken, afterBytes: MIB } : {}));
    const part = await openPart(size);
    const transfer = startTransfer(part);
    transfer.addSource(source);
    expect(Buffer.compare(await finished(transfer, part), expectedBytes(0, size))).toBe(0);
    expect(source.reads.map((read) => read.start)).toEqual([0, MIB, 2 * MIB, 3 * MIB]);
  });

  test('gives up when try after try brings nothing, and tells the readers why', async () => {
    // Too small a file for hedging, which would add a request.
    const source = new ScriptedSource(2 * MIB, () => ({ error: new SwarmError('UPSTREAM_UNAVAILABLE', 'no route') }));
    const part = await openPart(2 * MIB);
    let now = 0;
    // A clock whose pauses take no time: seven tries in a row, without the test waiting for them. Its ticks, which have no
    // signal, do not count.
    const sleep = async (milliseconds: number, signal?: AbortSignal): Promise<void> => {
      if (signal) now += milliseconds;
    };
    const clock = { now: () => now, sleep };
    const transfer = startTransfer(part, { clock });
    transfer.addSource(source);
    await expect(transfer.wait(0)).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', message: 'no route' });
    expect(source.reads.length).toBe(7);
    await part.close();
  });

  test('tries again after a pause whose timer fired early', async () => {
    const size = MIB;
    const broken = new SwarmError('UPSTREAM_UNAVAILABLE', 'connection reset');
    const source = new ScriptedSource(size, (_, index) => (index === 0 ? { error: broken } : {}));
    const part = await openPart(size);
    const earlyClock = {
      now: () => systemClock.now(),
      sleep: (milliseconds: number, signal?: AbortSignal) => systemClock.sleep(milliseconds / 2, signal),
    };
    const transfer = startTransfer(part, { clock: earlyClock });
    transfer.addSource(source);
    expect(Buffer.compare(await finished(transfer, part), expectedBytes(0, size))).toBe(0);
  });

  test('leaves a source that refuses and goes on with another', async () => {
    const size = 3 * MIB;
    const refusal = new SwarmError('HUB_REFUSED', 'revoked', { hub: { status: 403, message: 'revoked' } });
    const refusing = new ScriptedSource(size, () => ({ error: refusal }));
    const part = await openPart(size);
    const transfer = startTransfer(part);
    transfer.addSource(new ScriptedSource(size));
    transfer.addSource(refusing);
    expect(Buffer.compare(await finished(transfer, part), expectedBytes(0, size))).toBe(0);
  });

  test('asks a second time for bytes that do not come, within 0.5 % of the file', async () => {
    const size = 16 * MIB;
    const source = new ScriptedSource(size, (_, index) => (index === 0 ? { silent: true, afterBytes: MIB } : {}));
    const part = await openPart(size);
    const transfer = startTransfer(part, { mostConnections: 2 });
    transfer.addSource(source);
    transfer.demand(0, size);
    expect(Buffer.compare(await finished(transfer, part), expectedBytes(0, size))).toBe(0);
    expect(transfer.counters.hedgedBytes).toBeGreaterThan(0);
    expect(transfer.counters.hedgedBytes).toBeLessThanOrEqual(size * 0.005);
  });

  test('gives a far-ahead reader on a slow connection a connection of its own', async () => {
    const size = 16 * MIB;
    const source = new ScriptedSource(size, (_, index) => (index === 0 ? { bytesPerSecond: MIB / 2 } : {}));
    const part = await openPart(size);
    const transfer = startTransfer(part);
    transfer.addSource(source);
    // The first span, [0, 4 MiB), is on the slow connection.
    transfer.demand(3 * MIB, 4 * MIB);
    await transfer.wait(3 * MIB);
    expect(transfer.held.endOfRun(0)).toBeLessThan(3 * MIB);
    await transfer.close();
    await part.close();
  });

  test('compares what an unclean stop left with its checksums, and fetches again only what is damaged', async () => {
    const size = 8 * MIB;
    const first = await openPart(size);
    for (const [index, start] of [0, 2 * MIB, 4 * MIB].entries()) {
      await first.write([expectedBytes(start, start + MIB)], start);
      await first.commit();
      expect(first.uncommitted).toBe(0);
      expect(index).toBeLessThan(3);
    }
    // No close: this is what a kill leaves. Then one byte of the second span rots.
    const file = await open(join(directory, 'file.part'), 'r+');
    await file.write(new Uint8Array([1, 2, 3, 4]), 0, 4, 2 * MIB + 1000);
    await file.close();

    const part = await openPart(size);
    expect(part.doubted.length).toBe(3);
    const source = new ScriptedSource(size);
    const transfer = startTransfer(part);
    transfer.addSource(source);
    expect(Buffer.compare(await finished(transfer, part), expectedBytes(0, size))).toBe(0);
    const fetched = source.reads.reduce((sum, read) => sum + read.end - read.start, 0);
    expect(fetched).toBe(size - 2 * MIB);
  });
});
