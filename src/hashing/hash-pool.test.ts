import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { appendFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import type { FileHasher, HashPool } from '../contracts/hasher.ts';
import { hashBytes } from './hash-bytes.ts';
import { createHashPool, type HashPoolOptions } from './hash-pool.ts';
import { HASH_WORKER } from './hash-thread.ts';

const run = promisify(execFile);
const MIB = 1024 * 1024;
const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

function openPool(options?: HashPoolOptions): HashPool {
  const pool = createHashPool(options);
  onTestFinished(() => pool.close());
  return pool;
}

async function writeRandom(size: number): Promise<{ path: string; bytes: Uint8Array }> {
  const path = join(await tempDir(), 'part');
  const bytes = randomBytes(size);
  await writeFile(path, bytes);
  return { path, bytes };
}

async function hashWhole(hasher: FileHasher, size: number): Promise<{ sha256: string; gitOid: string }> {
  await hasher.advance(size);
  return hasher.finish();
}

describe('hashBytes', () => {
  test('names bytes as git and sha256sum do', () => {
    expect(hashBytes(new TextEncoder().encode('hello\n'))).toEqual({
      sha256: '5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03',
      gitOid: 'ce013625030ba8dba906f756967f9e9ca394464a',
    });
    expect(hashBytes(new Uint8Array(0))).toEqual({
      sha256: EMPTY_SHA256,
      gitOid: 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391',
    });
  });
});

describe('a file hasher', () => {
  test('gives the digests that git and node:crypto give', async () => {
    const size = 3 * MIB + 17;
    const { path, bytes } = await writeRandom(size);
    const { stdout } = await run('git', ['hash-object', path]);
    expect(await hashWhole(openPool().open(path, size), size)).toEqual({
      sha256: createHash('sha256').update(bytes).digest('hex'),
      gitOid: stdout.trim(),
    });
  });

  test('goes through a file of many slices in one step', async () => {
    const size = 20 * MIB + 5;
    const path = join(await tempDir(), 'sparse');
    await writeFile(path, 'begin');
    await truncate(path, size);
    const bytes = new Uint8Array(size);
    bytes.set(new TextEncoder().encode('begin'));
    const pool = openPool();
    expect(await hashWhole(pool.open(path, size), size)).toEqual(hashBytes(bytes));
    expect(await pool.crc32(path, 1, size)).toBe(crc32(bytes.subarray(1)));
  });

  test('gives the same digests in whatever steps it advances', async () => {
    const size = 300_000;
    const { path, bytes } = await writeRandom(size);
    const pool = openPool();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(size), { maxLength: 12 }), async (stops) => {
        const hasher = pool.open(path, size);
        for (const stop of stops.sort((one, other) => one - other)) {
          await hasher.advance(stop);
          expect(hasher.position).toBe(stop);
        }
        expect(await hashWhole(hasher, size)).toEqual(hashBytes(bytes));
      }),
      { numRuns: 40 },
    );
  });

  test('follows a file that is still being written', async () => {
    const bytes = randomBytes(2 * MIB);
    const path = join(await tempDir(), 'part');
    const hasher = openPool().open(path, bytes.length);
    for (let position = 0; position < bytes.length; position += MIB / 2) {
      await appendFile(path, bytes.subarray(position, position + MIB / 2));
      await hasher.advance(position + MIB / 2);
    }
    expect(await hasher.finish()).toEqual(hashBytes(bytes));
  });

  test('hashes nothing without looking for a file', async () => {
    const hasher = openPool().open('/nowhere/at/all', 0);
    await hasher.advance(0);
    expect((await hasher.finish()).sha256).toBe(EMPTY_SHA256);
  });

  test('leaves the git oid out when it is told to', async () => {
    const { path, bytes } = await writeRandom(1000);
    const digests = await hashWhole(openPool().open(path, 1000, { gitOid: false }), 1000);
    expect(digests).toEqual({ sha256: hashBytes(bytes).sha256, gitOid: '' });
  });

  test('fails with INTERNAL and the path when the file is missing or too short', async () => {
    const { path } = await writeRandom(1000);
    const pool = openPool();
    const short = pool.open(path, 2000);
    await expect(short.advance(2000)).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining(path),
    });
    await expect(short.advance(2000)).rejects.toMatchObject({ code: 'INTERNAL' });
    const missing = pool.open(`${path}.gone`, 10).advance(10);
    await expect(missing).rejects.toMatchObject({ code: 'INTERNAL', message: expect.stringContaining(`${path}.gone`) });
  });

  test('refuses to go back, beyond the size, to finish early, and two calls at a time', async () => {
    const { path } = await writeRandom(MIB);
    const hasher = openPool().open(path, MIB);
    await hasher.advance(1000);
    const internal = { code: 'INTERNAL' };
    await expect(hasher.advance(999)).rejects.toMatchObject(internal);
    await expect(hasher.advance(MIB + 1)).rejects.toMatchObject(internal);
    await expect(hasher.advance(Number.NaN)).rejects.toMatchObject(internal);
    await expect(hasher.finish()).rejects.toMatchObject(internal);
    const first = hasher.advance(MIB);
    await expect(hasher.advance(MIB)).rejects.toMatchObject(internal);
    await first;
    await hasher.finish();
    await expect(hasher.finish()).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test('rejects with CLOSED when it is closed in mid-work, and the others go on', async () => {
    const { path, bytes } = await writeRandom(MIB);
    const sparse = join(await tempDir(), 'sparse');
    await writeFile(sparse, '');
    await truncate(sparse, 512 * MIB);
    const pool = openPool({ threads: 1 });
    const long = pool.open(sparse, 512 * MIB);
    const advancing = long.advance(512 * MIB);
    const other = hashWhole(pool.open(path, MIB), MIB);
    long.close();
    long.close();
    await expect(advancing).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(long.advance(512 * MIB)).rejects.toMatchObject({ code: 'CLOSED' });
    expect(await other).toEqual(hashBytes(bytes));
    expect(long.position).toBeLessThan(512 * MIB);
  });

  test('lets short jobs pass a long one in the same thread', async () => {
    const { path, bytes } = await writeRandom(MIB);
    const sparse = join(await tempDir(), 'sparse');
    await writeFile(sparse, '');
    await truncate(sparse, 512 * MIB);
    const pool = openPool({ threads: 1 });
    const long = pool.open(sparse, 512 * MIB);
    const advancing = long.advance(512 * MIB);
    expect(await hashWhole(pool.open(path, MIB), MIB)).toEqual(hashBytes(bytes));
    expect(long.position).toBeLessThan(512 * MIB);
    long.close();
    await expect(advancing).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

describe('a hash pool', () => {
  test('keeps the states of 50 files apart that advance in turns', async () => {
    const pool = openPool();
    const files = await Promise.all(Array.from({ length: 50 }, () => writeRandom(200_000)));
    const hashers = files.map(({ path }) => pool.open(path, 200_000));
    for (let to = 50_000; to <= 200_000; to += 50_000) await Promise.all(hashers.map((hasher) => hasher.advance(to)));
    const digests = await Promise.all(hashers.map((hasher) => hasher.finish()));
    expect(digests).toEqual(files.map(({ bytes }) => hashBytes(bytes)));
  });

  test('counts the CRC-32 of any range of a file', async () => {
    const { path, bytes } = await writeRandom(100_000);
    const pool = openPool();
    await fc.assert(
      fc.asyncProperty(fc.nat(100_000), fc.nat(100_000), async (one, other) => {
        const [start, end] = [Math.min(one, other), Math.max(one, other)];
        expect(await pool.crc32(path, start, end)).toBe(crc32(bytes.subarray(start, end)));
      }),
      { numRuns: 30 },
    );
    await expect(pool.crc32(path, 0, 100_001)).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  test('fails the work of a thread that crashes, and replaces the thread', async () => {
    const { path, bytes } = await writeRandom(1000);
    const program = join(await tempDir(), 'program.mjs');
    const crashing = `
      import { parentPort } from 'node:worker_threads';
      parentPort.on('message', ({ path }) => { if (path === 'exit') process.exit(7); });
      parentPort.on('message', ({ path }) => { if (path === 'throw') throw new Error('out of order'); });
      await import(${JSON.stringify(HASH_WORKER.href)});`;
    await writeFile(program, crashing);
    const pool = openPool({ threads: 1, program: pathToFileURL(program) });
    for (const [crash, how] of [
      ['exit', 'exit code 7'],
      ['throw', 'out of order'],
    ] as const) {
      const idle = pool.open(path, 1000);
      await idle.advance(500);
      const failure = { code: 'INTERNAL', message: expect.stringContaining(how) };
      await expect(pool.crc32(crash, 0, 10)).rejects.toMatchObject(failure);
      await expect(idle.advance(1000)).rejects.toMatchObject(failure);
      idle.close();
    }
    expect(await hashWhole(pool.open(path, 1000), 1000)).toEqual(hashBytes(bytes));
  });

  test('rejects what waits, and what comes later, with CLOSED when it is closed', async () => {
    const sparse = join(await tempDir(), 'sparse');
    await writeFile(sparse, '');
    await truncate(sparse, 512 * MIB);
    const pool = openPool();
    const hasher = pool.open(sparse, 512 * MIB);
    const waiting = [hasher.advance(512 * MIB), pool.crc32(sparse, 0, 512 * MIB)];
    const outcomes = Promise.allSettled(waiting);
    await pool.close();
    for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: { code: 'CLOSED' } });
    await expect(pool.crc32(sparse, 0, 1)).rejects.toMatchObject({ code: 'CLOSED' });
    expect(() => pool.open(sparse, 1)).toThrow(expect.objectContaining({ code: 'CLOSED' }));
  });

  test('keeps a process alive while somebody waits for a digest, and no longer', async () => {
    const { path, bytes } = await writeRandom(5 * MIB);
    const program = join(await tempDir(), 'program.mjs');
    const source = `
      import { createHashPool } from ${JSON.stringify(new URL('./hash-pool.ts', import.meta.url).href)};
      const [path, size] = [process.argv[2], Number(process.argv[3])];
      const pool = createHashPool({ threads: 2 });
      const idle = pool.open(path, size);
      const hasher = pool.open(path, size);
      hasher.advance(size).then(() => hasher.finish()).then(({ sha256 }) => console.log(sha256));`;
    await writeFile(program, source);
    const { stdout } = await run(process.execPath, [program, path, String(bytes.length)]);
    expect(stdout.trim()).toBe(hashBytes(bytes).sha256);
  });
});
