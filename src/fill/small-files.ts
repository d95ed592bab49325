import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { leaveOnAbort } from '../base/leave-on-abort.ts';
import type { Grant } from '../contracts/access.ts';
import type { ContentId } from '../contracts/domain.ts';
import { isSwarmError } from '../errors.ts';
import { NODE_BYTES } from '../metainfo/merkle.ts';
import { contentKey, grantName } from './content.ts';
import type { FilesOptions } from './files.ts';
import { partsDirectory } from './part-shelf.ts';
import { fetchSmallFile, type SmallFile } from './small-fill.ts';
import type { Suspects } from './suspects.ts';

/**
 * Small files on their way: fetched once for all who ask, answered from memory as soon as they are verified, and stored
 * right after. Who comes while one is being stored gets it from memory too.
 */
export class SmallFiles {
  readonly #options: FilesOptions & { readonly suspects: Suspects };
  readonly #files = new Map<string, Promise<SmallFile>>();
  readonly #storing = new Map<string, Promise<void>>();
  readonly #stop = new AbortController();

  constructor(options: FilesOptions & { readonly suspects: Suspects }) {
    this.#options = options;
  }

  /** The verified file. Throws INTEGRITY, HUB_REFUSED, UPSTREAM_*, RATE_LIMITED. */
  async get(grant: Grant, content: ContentId, signal?: AbortSignal): Promise<{ file: SmallFile; joined: boolean }> {
    const key = fileKey(grant, content);
    const running = this.#files.get(key);
    if (running) return { file: await leaveOnAbort(running, signal), joined: true };
    this.#options.admit?.(grant.client, content.size);
    const fetching = this.#fetch(grant, content);
    this.#files.set(key, fetching);
    const storing = fetching
      .then((file) => this.#store(grant, content, file))
      .finally(() => {
        this.#files.delete(key);
        this.#storing.delete(key);
      });
    this.#storing.set(key, storing);
    storing.catch((error: unknown) => this.#failed(grant, content, error));
    return { file: await leaveOnAbort(fetching, signal), joined: false };
  }

  /** Resolves when the file is in the store; rejects with what kept it out. For a file that `get` has just given. */
  async stored(grant: Grant, content: ContentId, signal?: AbortSignal): Promise<void> {
    const storing = this.#storing.get(fileKey(grant, content));
    if (storing) await leaveOnAbort(storing, signal);
  }

  /** Ends what is running; resolves when nothing is being stored any more. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#storing.values());
  }

  #fetch(grant: Grant, content: ContentId): Promise<SmallFile> {
    const { hub, clock, random = Math.random, counters } = this.#options;
    const { repo, commit, entry, token, location } = grant;
    const source = hub.source({ repo, commit, path: entry.path, size: entry.size }, { token, location });
    const onBytes = (bytes: number) => counters?.add(repo, { bytesFromHub: bytes });
    return fetchSmallFile({ grant, content, source, clock, random, signal: this.#stop.signal, onBytes });
  }

  async #store(grant: Grant, content: ContentId, file: SmallFile): Promise<void> {
    grant.noteServed();
    await leaveOnAbort(grant.proof(), this.#stop.signal);
    await this.#hashForTorrents(grant, file);
    const { blobs, logger, clock } = this.#options;
    const room = await blobs.reserve(content.size);
    try {
      const path = join(partsDirectory(room.directory), `${randomUUID()}.small`);
      await writeFile(path, file.bytes).catch(async (error: unknown) => {
        await rm(path, { force: true });
        throw error;
      });
      room.written(content.size);
      await blobs.promote(path, { sha256: file.sha256, gitOid: file.gitOid, size: content.size }, [content]);
      logger.debug({ file: grantName(grant), size: content.size, at: clock.now() }, 'fill: small file stored');
    } finally {
      room.release();
    }
  }

  async #hashForTorrents(grant: Grant, { bytes, sha256 }: SmallFile): Promise<void> {
    const { torrents, hashing } = this.#options;
    const pieceLengths = torrents?.pieceLengths(grant) ?? [];
    if (!torrents || pieceLengths.length === 0) return;
    const { root, pieces } = await hashing.hashRun([bytes], { pieceLengths, nodeLength: NODE_BYTES });
    torrents.store.putHashes(sha256, { merkle: { root, nodes: new Uint8Array(0) }, pieces });
  }

  #failed(grant: Grant, content: ContentId, error: unknown): void {
    if (isSwarmError(error, 'INTEGRITY')) this.#options.suspects.add(contentKey(content));
    const message = error instanceof Error ? error.message : String(error);
    this.#options.logger.warn({ file: grantName(grant), error: message }, 'fill: small file not stored');
  }
}

/** Callers with different rights do not share a request: one may be refused where the other is not. */
function fileKey({ repo, token = '' }: Grant, content: ContentId): string {
  return JSON.stringify([contentKey(content), repo.type, repo.id, token]);
}
