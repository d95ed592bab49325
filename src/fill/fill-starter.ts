import { join } from 'node:path';
import type { Grant } from '../contracts/access.ts';
import type { ContentId } from '../contracts/domain.ts';
import type { ReadIntent } from '../contracts/files.ts';
import type { HelpingSource } from '../contracts/fill-helper.ts';
import { isSwarmError } from '../errors.ts';
import { openPartFile } from '../storage/part-file.ts';
import { ConnectionBudget } from '../transfer/connection-budget.ts';
import { grantName, partName } from './content.ts';
import type { FilesOptions } from './files.ts';
import { Fill } from './fill.ts';
import { type PartShelf, partsDirectory, type ShelvedPart } from './part-shelf.ts';
import { Room } from './room.ts';

export interface FillStarter {
  /**
   * Starts the fill of `content`, or goes on with what was left of it: of the whole file, or (`range`) of what its reader wants of
   * it. Throws DISK_FULL, RATE_LIMITED.
   */
  start(grant: Grant, content: ContentId, key: string, range: ReadIntent | undefined): Promise<Fill>;
  /** Lets the fill also read with this grant's rights. */
  addSource(fill: Fill, grant: Grant): void;
  /** Closes a fill: what has landed is shelved, unless it is stored, or worthless. */
  close(fill: Fill): Promise<void>;
}

/** Makes fills out of grants: part file, room, hasher and sources come together here. */
export function createFillStarter(
  options: FilesOptions & { readonly shelf: PartShelf; readonly onEnd: (fill: Fill, failure: unknown) => void },
): FillStarter {
  const { blobs, hub, hashing, shelf, clock, random = Math.random } = options;
  const budget = new ConnectionBudget(options.connections ?? 64);

  /** Room for a fill; when there is none, parts that nobody uses make way. */
  async function openRoom(size: number, whole: boolean, left: ShelvedPart | undefined): Promise<Room> {
    await shelf.drop('old');
    const wish = { blobs, size, whole, left };
    try {
      return await Room.open(wish);
    } catch (error) {
      if (!isSwarmError(error, 'DISK_FULL') || !(await shelf.drop('all'))) throw error;
      return await Room.open(wish);
    }
  }

  const source = (grant: Grant) =>
    hub.source(
      { repo: grant.repo, commit: grant.commit, path: grant.entry.path, size: grant.entry.size },
      { token: grant.token, location: grant.location },
    );

  /**
   * Others than the Hub may bring a file that the Hub gives to everybody, which it must have shown by a byte of it: a pointer alone
   * opens nothing.
   */
  async function helpersOf(grant: Grant): Promise<readonly HelpingSource[]> {
    const { helpers = [] } = options;
    if (grant.access !== 'public' || helpers.length === 0) return [];
    const found = await Promise.all(helpers.map((helper) => helper.find(grant)));
    const able = found.filter((helper) => helper !== undefined);
    try {
      if (able.length > 0) await grant.verifyServable();
      return able;
    } catch (error) {
      await Promise.all(able.map((helper) => helper.close()));
      throw error;
    }
  }

  return {
    async start(grant, content, key, range) {
      const whole = range === undefined;
      options.admit?.(grant.client, range ? range.end - range.start : content.size);
      const helpers = await helpersOf(grant);
      const name = partName(key);
      const left = await shelf.take(name);
      let room: Room | undefined;
      try {
        room = await openRoom(content.size, whole, left);
        const path = join(partsDirectory(room.directory), name);
        const resume = left !== undefined;
        const part = await openPartFile({
          path,
          size: content.size,
          content: key,
          source: grantName(grant),
          hashing,
          resume,
        });
        const fill = new Fill({
          key,
          content,
          grant,
          name: grantName(grant),
          part,
          partPath: path,
          room,
          // The git oid of an LFS file's content proves nothing, and would cost half as much again.
          hasher: hashing.open(path, content.size, { gitOid: content.kind === 'plain' }),
          hashing,
          torrents: options.torrents,
          counters: options.counters,
          blobs,
          budget,
          mostConnections: options.connectionsPerFile ?? 8,
          throttle: options.throttle,
          clock,
          random,
          onEnd: options.onEnd,
        });
        fill.addSource(grant.token ?? '', source(grant));
        for (const helper of helpers) fill.addHelper(helper);
        // Asked for now, needed at the end: a failure is dealt with there.
        grant.proof().catch(() => {});
        return fill;
      } catch (error) {
        room?.release();
        await Promise.all(helpers.map((helper) => helper.close()));
        if (left) shelf.put(name, left.directory, left.bytes);
        throw error;
      }
    },

    addSource(fill, grant) {
      if (!fill.hasSource(grant.token ?? '')) fill.addSource(grant.token ?? '', source(grant));
    },

    async close(fill) {
      try {
        await fill.close();
      } catch (error) {
        options.logger.error({ file: fill.name, error: String(error) }, 'fill: could not be closed');
      }
      if (fill.hasLeftovers) shelf.put(partName(fill.key), fill.directory, fill.transfer.held.bytes);
    },
  };
}
