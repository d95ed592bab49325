import { randomBytes, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobStore, Reservation } from '../../src/contracts/blob-store.ts';
import type { ByteReader } from '../../src/contracts/byte-reader.ts';
import type { Blob, ContentId, RepoRef } from '../../src/contracts/domain.ts';
import { hashBytes } from '../../src/hashing/hash-bytes.ts';

/** Bytes with their names. */
export interface Sample extends Blob {
  readonly bytes: Uint8Array;
  readonly id: ContentId;
}

/** The repo of plain samples. */
export const SAMPLE_REPO: RepoRef = { type: 'models', id: 'org/model' };

/** Random bytes, as a file of the kind that `kind` says. */
export function makeSample(size: number, kind: ContentId['kind'] = 'lfs'): Sample {
  const bytes = randomBytes(size);
  const { sha256, gitOid } = hashBytes(bytes);
  const id: ContentId = kind === 'lfs' ? { kind, sha256, size } : { kind, repo: SAMPLE_REPO, gitOid, size };
  return { bytes, sha256, gitOid, size, id };
}

/** Writes a part file where a fill would. */
export async function writePart(reservation: Reservation, bytes: Uint8Array): Promise<string> {
  const path = join(reservation.directory, 'fills', `${randomUUID()}.part`);
  await writeFile(path, bytes);
  reservation.written(bytes.length);
  return path;
}

/** Reserves, writes, promotes: what a fill does in the end. */
export async function store(blobs: BlobStore, sample: Sample, ids: readonly ContentId[] = [sample.id]): Promise<void> {
  const reservation = await blobs.reserve(sample.size);
  try {
    const { sha256, gitOid, size } = sample;
    await blobs.promote(await writePart(reservation, sample.bytes), { sha256, gitOid, size }, ids);
  } finally {
    reservation.release();
  }
}

/** Opens a blob that must be held. */
export async function openHeld(blobs: BlobStore, sha256: string): Promise<ByteReader> {
  const reader = await blobs.open(sha256);
  if (!reader) throw new Error(`blob ${sha256} is not held`);
  return reader;
}

/** All bytes of a reader. */
export async function readAll(reader: ByteReader): Promise<Uint8Array> {
  const bytes = new Uint8Array(reader.size);
  for (let position = 0; position < bytes.length; ) position += await reader.read(bytes.subarray(position), position);
  return bytes;
}
