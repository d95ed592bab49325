import { join } from 'node:path';
import type { Entry } from '../contracts/domain.ts';
import { hfRepoFolder, writeSnapshot } from '../storage/hf-cache.ts';
import type { RepoPlan } from './repo-plan.ts';

/** Where the files of a repo go on the disk. */
export interface RepoLayout {
  /** Everything is below it. */
  readonly root: string;
  /** Below the root. Two entries may share a place when they are the same bytes. */
  pathOf(entry: Entry): string;
  /** All entries are there. Returns the folder in which a person finds them. */
  finish(plan: RepoPlan): Promise<string>;
}

/** The files as the repo has them, below `folder`. */
export function folderLayout(folder: string): RepoLayout {
  return { root: folder, pathOf: ({ path }) => path, finish: async () => folder };
}

/** The cache of Python's huggingface_hub, in which `from_pretrained` finds them. */
export function hfCacheLayout(cache: string, plan: Pick<RepoPlan, 'repo'>): RepoLayout {
  const root = join(cache, hfRepoFolder(plan.repo));
  return {
    root,
    pathOf: (entry) => `blobs/${etagOf(entry)}`,
    finish: ({ commit, revision, entries }) =>
      writeSnapshot(
        root,
        commit,
        revision,
        entries.map((entry) => ({ path: entry.path, etag: etagOf(entry) })),
      ),
  };
}

function etagOf({ sha256, gitOid }: Entry): string {
  return sha256 ?? gitOid;
}
