import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { expectedBytes, type ScriptedAnswer, ScriptedSource } from '../../test/support/scripted-source.ts';
import { silentLogger } from '../base/silent-logger.ts';
import { systemClock } from '../base/system-clock.ts';
import { openBlobStore } from '../blobs/disk-blob-store.ts';
import { openCatalog } from '../catalog/catalog.ts';
import type { Grant } from '../contracts/access.ts';
import type { BlobStore } from '../contracts/blob-store.ts';
import type { ByteReader } from '../contracts/byte-reader.ts';
import type { Catalog } from '../contracts/catalog.ts';
import type { Files, ReadIntent } from '../contracts/files.ts';
import type { HubClient } from '../contracts/hub.ts';
import { SwarmError } from '../errors.ts';
import { createHashPool } from '../hashing/hash-pool.ts';
import { type FilesOptions, openFiles } from './files.ts';

const MIB = 1024 * 1024;
const SIZE = 12 * MIB + 345;
const bytes = expectedBytes(0, SIZE);
const sha256 = createHash('sha256').update(bytes).digest('hex');
const hashing = createHashPool({ threads: 1 });

let directory: string;
let catalog: Catalog;
let blobs: BlobStore;
let files: Files & { close(): Promise<void> };
let source: ScriptedSource;
let served = 0;

/** Only `source` of the Hub's client is used by fills. */
const hub = { source: () => source } as unknown as HubClient;

const grant = (changes: Partial<Grant> = {}): Grant => {
  const entry = { path: 'model.bin', size: SIZE, gitOid: '0'.repeat(40), sha256 };
  return {
    repo: { type: 'models', id: 'org/model' },
    commit: 'c'.repeat(40),
    access: 'public',
    expiresAt: Number.POSITIVE_INFINITY,
    stale: false,
    entry,
    client: '127.0.0.1',
    proof: async () => entry,
    verifyServable: async () => {},
    noteServed: () => {
      served++;
    },
    ...changes,
  };
};
const whole: ReadIntent = { extent: 'whole', start: 0, end: SIZE };
const range = (start: number, end: number): ReadIntent => ({ extent: 'range', start, end });

async function start(options: Partial<FilesOptions> = {}): Promise<void> {
  catalog = openCatalog({ path: join(directory, 'catalog.db'), clock: systemClock, logger: silentLogger });
  const store = { index: catalog, hashing, clock: systemClock, logger: silentLogger };
  blobs = await openBlobStore({ directories: [directory], ...store, minFreeSpace: 0, scrub: false });
  files = await openFiles({
    blobs,
    hub,
    hashing,
    directories: [directory],
    clock: systemClock,
    logger: silentLogger,
    ...options,
  });
}

async function stop(): Promise<void> {
  await files.close();
  await blobs.close();
  catalog.close();
}

async function readAll(reader: ByteReader, from = 0, to = reader.size): Promise<Uint8Array> {
  const result = new Uint8Array(to - from);
  for (let position = from; position < to; ) {
    position += await reader.read(result.subarray(position - from), position);
  }
  reader.close();
  return result;
}

const script = (answer: (index: number) => ScriptedAnswer) => new ScriptedSource(SIZE, (_, index) => answer(index));
const fetched = (): number => source.reads.reduce((sum, read) => sum + read.sent, 0);
const isRight = (found: Uint8Array, from = 0): boolean =>
  Buffer.compare(found, bytes.subarray(from, from + found.length)) === 0;

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 500) throw new Error('waited 5 s in vain');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'files-'));
  source = script(() => ({}));
  served = 0;
});
afterEach(async () => {
  await stop();
  await rm(directory, { recursive: true });
});
afterAll(() => hashing.close());

describe('files on their way', () => {
  test('reach every reader with one transfer, and end as a blob', async () => {
    await start();
    const opened = await Promise.all(Array.from({ length: 50 }, () => files.open(grant(), whole)));
    expect(opened.map((file) => file.cache).sort()[0]).toBe('joined');
    const results = await Promise.all(opened.map(({ reader }) => readAll(reader)));
    expect(results.every((result) => isRight(result))).toBe(true);
    expect(fetched()).toBe(SIZE);
    expect(served).toBe(1);
    expect(await files.open(grant(), whole)).toMatchObject({ verified: 'blob', cache: 'hit' });
    await files.close();
    expect(await readdir(join(directory, 'fills'))).toEqual([]);
  });

  test('go on when their readers have left', async () => {
    await start();
    const { reader } = await files.open(grant(), whole);
    await reader.read(new Uint8Array(1000), 0);
    reader.close();
    await until(() => files.isHeld(grant()));
  });

  test('are fetched only around a range', async () => {
    await start();
    const { reader, verified } = await files.open(grant(), range(6 * MIB, 6 * MIB + 1));
    expect(verified).toBe('provisional');
    expect(isRight(await readAll(reader, 6 * MIB, 6 * MIB + 1), 6 * MIB)).toBe(true);
    await until(() => fetched() === 64 * 1024);
  });

  test('are not slowed by a reader that stops reading', async () => {
    await start();
    const slow = await files.open(grant(), whole);
    await slow.reader.read(new Uint8Array(10), 0);
    const fast = await files.open(grant(), whole);
    expect(isRight(await readAll(fast.reader))).toBe(true);
    slow.reader.close();
  });

  test('keep what has landed over a stop, and fetch only the rest', async () => {
    source = script(() => ({ silent: true, afterBytes: MIB }));
    await start();
    const { reader } = await files.open(grant(), whole);
    await readAll(reader, 0, MIB);
    await until(() => fetched() >= 2 * MIB);
    // Bytes are written a moment after they were sent.
    await new Promise((resolve) => setTimeout(resolve, 100));
    await stop();
    source = script(() => ({}));
    await start();
    const again = await files.open(grant(), whole);
    expect(isRight(await readAll(again.reader))).toBe(true);
    // Two connections had brought 1 MiB each.
    expect(fetched()).toBeLessThanOrEqual(SIZE - 2 * MIB);
  });

  test('hold their last 64 KiB back until the whole file has matched', async () => {
    let prove: () => void = () => {};
    const proved = new Promise<void>((resolve) => {
      prove = resolve;
    });
    const held = grant();
    await start();
    const { reader } = await files.open({ ...held, proof: () => proved.then(() => held.entry) }, whole);
    const early = new Uint8Array(SIZE);
    let position = 0;
    while (position < SIZE - 64 * 1024) position += await reader.read(early.subarray(position), position);
    expect(position).toBe(SIZE - 64 * 1024);
    const tail = reader.read(early.subarray(position), position);
    const first = await Promise.race([tail, new Promise((resolve) => setTimeout(() => resolve('waits'), 300))]);
    expect(first).toBe('waits');
    prove();
    await tail;
    reader.close();
  });
});

describe('files whose bytes do not match', () => {
  const wrong = { ...grant().entry, sha256: randomBytes(32).toString('hex') };
  const lie = (): Grant => grant({ entry: wrong, proof: async () => wrong });

  test('never reach a reader whole, nor the store, and are suspects afterwards', async () => {
    await start();
    const { reader } = await files.open(lie(), whole);
    await expect(readAll(reader)).rejects.toMatchObject({ code: 'INTEGRITY' });
    reader.close();
    expect(files.isHeld(lie())).toBe(false);
    expect(files.isSuspect(lie())).toBe(true);
    await until(() => fetched() === SIZE);
    expect(await readdir(join(directory, 'blobs'))).toEqual([]);
    await expect(files.open(lie(), whole)).rejects.toMatchObject({ code: 'INTEGRITY', retryAfterSeconds: 1 });
  });

  test('do not reach the reader of a long range into the tail either, while the whole is being fetched', async () => {
    await start();
    const first = await files.open(lie(), whole);
    const { reader } = await files.open(lie(), range(SIZE - 2 * MIB, SIZE));
    await expect(readAll(reader, SIZE - 2 * MIB)).rejects.toMatchObject({ code: 'INTEGRITY' });
    reader.close();
    first.reader.close();
  });

  test('are refused when the listing contradicts what was promised', async () => {
    await start();
    const proof = async (): Promise<never> => {
      throw new SwarmError('INTEGRITY', 'org/model: the listing names another file');
    };
    const { reader } = await files.open(grant({ proof }), whole);
    await expect(readAll(reader)).rejects.toMatchObject({ code: 'INTEGRITY', message: /another file/ });
    reader.close();
    expect(files.isHeld(grant())).toBe(false);
  });

  test('of up to 1 MiB are refused before anything is answered', async () => {
    const entry = { path: 'config.json', size: 1000, gitOid: 'a'.repeat(40) };
    source = new ScriptedSource(1000);
    await start();
    await expect(files.open(grant({ entry }), { extent: 'range', start: 0, end: 1 })).rejects.toMatchObject({
      code: 'INTEGRITY',
    });
    expect(files.isHeld(grant({ entry }))).toBe(false);
  });
});

describe('the bytes that the Hub sent', () => {
  test('are counted once for 200 readers of a cold file, and not for held ones', async () => {
    await start();
    const { counters } = catalog;
    await files.close();
    files = await openFiles({
      blobs,
      hub,
      hashing,
      directories: [directory],
      clock: systemClock,
      logger: silentLogger,
      counters,
    });
    const opened = await Promise.all(Array.from({ length: 200 }, () => files.open(grant(), whole)));
    await Promise.all(opened.map(({ reader }, index) => readAll(reader, 0, index === 0 ? SIZE : 1000)));
    await readAll((await files.open(grant(), whole)).reader);
    expect(counters.topRepos(10)).toMatchObject([{ repo: grant().repo, bytesFromHub: SIZE, requests: 0 }]);
  });

  test('are counted for small files, also those that are thrown away', async () => {
    const small = bytes.subarray(0, 1000);
    const entry = { path: 'config.json', size: 1000, gitOid: 'a'.repeat(40), sha256: '' };
    const right = { ...entry, sha256: createHash('sha256').update(small).digest('hex') };
    const lie = { ...entry, sha256: 'b'.repeat(64) };
    const added: number[] = [];
    const counters = {
      add: (_: unknown, { bytesFromHub = 0 }: { bytesFromHub?: number }) => void added.push(bytesFromHub),
      topRepos: () => [],
      totals: () => ({ requests: 0, bytesToClients: 0, bytesFromHub: 0, bytesByPeers: 0 }),
    };
    source = new ScriptedSource(1000);
    await start({ counters });
    const open = (of: typeof entry) => files.open(grant({ entry: of, proof: async () => of }), { ...whole, end: 1000 });
    await Promise.all(Array.from({ length: 20 }, async () => readAll((await open(right)).reader)));
    expect(added.reduce((sum, count) => sum + count, 0)).toBe(1000);
    await expect(open(lie)).rejects.toMatchObject({ code: 'INTEGRITY' });
    expect(added.reduce((sum, count) => sum + count, 0)).toBe(2000);
  });
});

describe('small files', () => {
  const content = expectedBytes(0, 5000);
  const gitOid = createHash('sha1').update('blob 5000\0').update(content).digest('hex');
  const entry = { path: 'config.json', size: 5000, gitOid };

  test('come from memory, verified, with one request, and are stored', async () => {
    source = new ScriptedSource(5000);
    await start();
    const intent: ReadIntent = { extent: 'whole', start: 0, end: 5000 };
    const opened = await Promise.all(Array.from({ length: 20 }, () => files.open(grant({ entry }), intent)));
    for (const { reader, verified } of opened) {
      expect(verified).toBe('blob');
      expect(Buffer.compare(await readAll(reader), content)).toBe(0);
    }
    expect(source.reads.length).toBe(1);
    await until(() => files.isHeld(grant({ entry })));
    const { sha256: name = '' } =
      blobs.find({ kind: 'plain', repo: { type: 'models', id: 'org/model' }, gitOid, size: 5000 }) ?? {};
    expect(Buffer.compare(await readFile(join(directory, 'blobs', name.slice(0, 2), name)), content)).toBe(0);
  });

  test('do not hold up a stop while the listing is being asked for', async () => {
    source = new ScriptedSource(5000);
    await start();
    const intent: ReadIntent = { extent: 'whole', start: 0, end: 5000 };
    const { reader } = await files.open(grant({ entry, proof: () => new Promise(() => {}) }), intent);
    expect(Buffer.compare(await readAll(reader), content)).toBe(0);
    await files.close();
    expect(files.isHeld(grant({ entry }))).toBe(false);
  });

  test('of no bytes need no Hub, but their hash must be that of nothing', async () => {
    await start();
    const nothing: ReadIntent = { extent: 'whole', start: 0, end: 0 };
    const empty = { path: 'e', size: 0, gitOid: 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391' };
    expect((await files.open(grant({ entry: empty }), nothing)).reader.size).toBe(0);
    await expect(files.open(grant({ entry: { ...empty, gitOid } }), nothing)).rejects.toMatchObject({
      code: 'INTEGRITY',
    });
  });
});

describe('options of the file engine', () => {
  test('strict: a range waits for the whole file', async () => {
    await start({ strict: true });
    const { reader } = await files.open(grant(), range(0, 1000));
    expect(isRight(await readAll(reader, 0, 1000))).toBe(true);
    expect(fetched()).toBe(SIZE);
  });

  test('offline: what is not held is refused, and nothing is asked', async () => {
    await start({ offline: true });
    await expect(files.open(grant(), whole)).rejects.toMatchObject({ code: 'OFFLINE' });
    expect(source.reads.length).toBe(0);
  });

  test('admit: ranges count too, but what is there already does not', async () => {
    const charged: number[] = [];
    await start({ admit: (_, count) => charged.push(count) });
    await readAll((await files.open(grant(), range(0, 4 * MIB))).reader, 0, 4 * MIB);
    await readAll((await files.open(grant(), range(0, 4 * MIB))).reader, 0, 4 * MIB);
    await until(() => fetched() >= 8 * MIB);
    await readAll((await files.open(grant(), range(3 * MIB, 4 * MIB + 1))).reader, 3 * MIB, 4 * MIB + 1);
    const sum = (): number => charged.reduce((total, count) => total + count, 0);
    expect(sum()).toBeGreaterThanOrEqual(4 * MIB);
    expect(sum()).toBeLessThanOrEqual(4 * MIB + 1);
    await readAll((await files.open(grant(), whole)).reader);
    expect(sum()).toBeGreaterThan(4 * MIB + 1);
    expect(sum()).toBeLessThanOrEqual(SIZE);
  });

  test('admit: a client that had its share is told before anything is fetched', async () => {
    const admit = () => {
      throw new SwarmError('RATE_LIMITED', 'enough for today', { retryAfterSeconds: 60 });
    };
    await start({ admit });
    await expect(files.open(grant(), whole)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    expect(source.reads.length).toBe(0);
  });

  test('a held file opens for another repo only after the Hub has served it there', async () => {
    await start();
    await readAll((await files.open(grant(), whole)).reader);
    const refusal = new SwarmError('HUB_REFUSED', 'no such object', { hub: { status: 404, message: 'no' } });
    const forged = grant({
      repo: { type: 'models', id: 'thief/model' },
      verifyServable: async () => {
        throw refusal;
      },
    });
    await expect(files.open(forged, whole)).rejects.toBe(refusal);
  });

  test('whoever starts a fill for bytes that the Hub does not serve to him gets none that others bring in', async () => {
    const refused = async () => {
      throw new SwarmError('UPSTREAM_UNAVAILABLE', 'the CDN has no such object');
    };
    const thief = { ...grant({ verifyServable: refused }), repo: { type: 'models', id: 'thief/model' } } as const;
    const hung = script(() => ({ silent: true }));
    source = hung;
    await start();
    const stolen = await files.open(thief, whole);
    const reading = stolen.reader.read(new Uint8Array(1000), 0);
    reading.catch(() => {});
    source = script(() => ({}));
    const { reader } = await files.open(grant(), whole);
    expect(isRight(await readAll(reader))).toBe(true);
    await expect(reading).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    expect(hung.reads.every((read) => read.sent === 0)).toBe(true);
  });

  test('what an earlier fill left is read only by those whom the Hub serves it to', async () => {
    await start();
    await readAll((await files.open(grant(), range(0, 100_000))).reader, 0, 100_000);
    await stop();
    await start();
    const refusal = new SwarmError('HUB_REFUSED', 'no such object', { hub: { status: 404, message: 'no' } });
    const thief = grant({
      repo: { type: 'models', id: 'thief/model' },
      verifyServable: async () => {
        throw refusal;
      },
    });
    await expect(files.open(thief, range(0, 100))).rejects.toBe(refusal);
    expect(isRight(await readAll((await files.open(grant(), range(0, 100))).reader, 0, 100))).toBe(true);
  });
});

describe('files whose fill is stopped', () => {
  test('while the listing is being asked for are not stored any more', async () => {
    const proofs: (() => void)[] = [];
    const { entry } = grant();
    const slow = grant({ proof: () => new Promise((resolve) => proofs.push(() => resolve(entry))) });
    await start({ mostAbandoned: 0 });
    const promote = vi.spyOn(blobs, 'promote');
    const { reader } = await files.open(slow, whole);
    // Asked for at the start, and again when all bytes have matched.
    await until(() => proofs.length === 2);
    reader.close();
    // The next fill goes on with the part once the first one has let go of it.
    const next = await files.open(slow, range(0, 1));
    expect(next.cache).toBe('miss');
    for (const prove of proofs.slice(0, 2)) prove();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(promote).not.toHaveBeenCalled();
    next.reader.close();
  });

  test('while they are being stored are leased by nobody afterwards', async () => {
    await start({ mostAbandoned: 0 });
    const store = blobs.promote.bind(blobs);
    let promoting = false;
    vi.spyOn(blobs, 'promote').mockImplementation(async (...blob) => {
      promoting = true;
      await new Promise((resolve) => setTimeout(resolve, 100));
      await store(...blob);
    });
    let leased = 0;
    const openBlob = blobs.open.bind(blobs);
    vi.spyOn(blobs, 'open').mockImplementation(async (name) => {
      const reader = await openBlob(name);
      if (!reader) return undefined;
      leased++;
      const close = vi.spyOn(reader, 'close');
      close.mockImplementationOnce(() => {
        leased--;
        close.mockRestore();
        reader.close();
      });
      return reader;
    });
    const { reader } = await files.open(grant(), whole);
    await until(() => promoting);
    reader.close();
    await until(() => files.isHeld(grant()));
    await files.close();
    expect(leased).toBe(0);
  });

  test('for want of room keep what earlier fills have left', async () => {
    await start();
    await readAll((await files.open(grant(), range(0, 8 * MIB))).reader, 0, 8 * MIB);
    await stop();
    source = script(() => ({}));
    await start();
    const noRoom = new SwarmError('DISK_FULL', 'no room');
    const reserve = vi.spyOn(blobs, 'reserve').mockRejectedValue(noRoom);
    await expect(files.open(grant(), whole)).rejects.toBe(noRoom);
    reserve.mockRestore();
    expect(isRight(await readAll((await files.open(grant(), whole)).reader))).toBe(true);
    expect(fetched()).toBeLessThanOrEqual(SIZE - 8 * MIB);
  });

  test('give their room back even if the disk takes no more', async () => {
    source = script(() => ({ silent: true, afterBytes: MIB }));
    await start();
    const { reader } = await files.open(grant(), whole);
    await reader.read(new Uint8Array(1000), 0);
    const [part = ''] = (await readdir(join(directory, 'fills'))).filter((name) => name.endsWith('.part'));
    await rm(join(directory, 'fills', `${part}.journal`));
    await mkdir(join(directory, 'fills', `${part}.journal`));
    expect(blobs.usage().reserved).toBeGreaterThan(0);
    await files.close();
    expect(blobs.usage().reserved).toBe(0);
  });
});
