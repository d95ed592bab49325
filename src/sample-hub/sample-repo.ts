import { createHash } from 'node:crypto';
import type { RepoType } from '../contracts/domain.ts';
import { type CommitSnapshot, makeCommit } from './commit-snapshot.ts';
import { describeFile, type FileSource, type RepoFile } from './repo-file.ts';

/** Who may read a repo. */
export interface RepoAccess {
  readonly private: boolean;
  readonly gated: false | 'auto' | 'manual';
  readonly disabled: boolean;
}

/** What the Hub shows about a repo besides its files. All of it may be left out. */
export interface RepoCard {
  readonly tags?: readonly string[];
  readonly pipelineTag?: string;
  readonly libraryName?: string;
  readonly license?: string;
  readonly downloads?: number;
  readonly likes?: number;
  readonly sdk?: string;
  /** The Hub's own summaries of weight files (`{parameters, total}`, `{total, architecture, context_length}`). */
  readonly safetensors?: object;
  readonly gguf?: object;
}

/** A repo as a test or a generator describes it. */
export interface SampleRepo extends Partial<RepoAccess> {
  /** `org/name`, `datasets/org/name`, `spaces/org/name`, or a legacy id of one segment. */
  readonly name: string;
  readonly files: Readonly<Record<string, FileSource>>;
  readonly card?: RepoCard;
  /** Older ids of the repo (without `datasets/`), which the Hub redirects. */
  readonly aliases?: readonly string[];
}

/** What a push changes. */
export interface Push {
  /** Branch name, or a full ref as `refs/pr/1`. Default `main`. A new one starts at `main`. */
  readonly branch?: string;
  readonly files?: Readonly<Record<string, FileSource>>;
  readonly remove?: readonly string[];
  readonly message?: string;
}

// 2024-01-01. Dates follow from the number of commits, so that commit ids do not depend on when a test runs.
const FIRST_COMMIT_SECONDS = 1_704_067_200;

/** One repo of the sample hub: its history, refs, access rules and card. */
export class RepoState {
  readonly type: RepoType;
  /** Canonical id; changes when the repo is renamed. */
  id: string;
  aliases: string[];
  access: RepoAccess;
  card: RepoCard;
  /** Full ref name (`refs/heads/main`, `refs/tags/v1`, `refs/pr/1`) to commit id. */
  readonly refs: Map<string, string> = new Map<string, string>();
  readonly commits: Map<string, CommitSnapshot> = new Map<string, CommitSnapshot>();
  /** Every LFS file ever pushed, by Xet hash. Of several paths with the same bytes, the newest. */
  readonly lfsFiles: Map<string, RepoFile> = new Map<string, RepoFile>();
  /** Stable across renames. */
  readonly objectId: string;

  constructor(spec: SampleRepo) {
    const { type, id } = parseRepoName(spec.name);
    this.type = type;
    this.id = id;
    this.aliases = [...(spec.aliases ?? [])];
    this.access = { private: spec.private ?? false, gated: spec.gated ?? false, disabled: spec.disabled ?? false };
    this.card = spec.card ?? {};
    this.objectId = createHash('sha256').update(`${type}/${id}`).digest('hex').slice(0, 24);
    this.push({ files: spec.files, message: 'initial commit' });
  }

  /** Makes a commit on a branch and moves the branch to it. Returns the commit id. */
  push(change: Push): string {
    const ref = fullRef(change.branch ?? 'main');
    const parent = this.refs.get(ref) ?? this.refs.get('refs/heads/main');
    const files = new Map<string, RepoFile>(parent === undefined ? [] : this.commits.get(parent)?.files);
    for (const path of change.remove ?? []) files.delete(path);
    for (const [path, source] of Object.entries(change.files ?? {})) {
      const file = describeFile(path, source);
      files.set(path, file);
      if (file.xetHash !== undefined) this.lfsFiles.set(file.xetHash, file);
    }
    const commit = makeCommit(files, {
      parent,
      author: this.id.split('/')[0] ?? this.id,
      seconds: FIRST_COMMIT_SECONDS + 60 * this.commits.size,
      message: change.message ?? `commit ${this.commits.size + 1}`,
    });
    this.commits.set(commit.id, commit);
    this.refs.set(ref, commit.id);
    return commit.id;
  }

  /** Points a branch, a `refs/...` name, or (with `refs/tags/`) a tag at a commit, forwards or backwards. */
  moveRef(ref: string, commit: string): void {
    if (!this.commits.has(commit)) throw new RangeError(`${this.id} has no commit ${commit}`);
    this.refs.set(fullRef(ref), commit);
  }

  /** The commit that a revision names: `HEAD`, branch, tag, full ref, or 5 to 40 digits of a commit id. */
  resolve(revision: string): CommitSnapshot | undefined {
    const exact = this.commits.get(revision);
    if (exact) return exact;
    const names =
      revision === 'HEAD' ? ['refs/heads/main'] : [`refs/heads/${revision}`, `refs/tags/${revision}`, revision];
    const named = names.map((name) => this.refs.get(name)).find((id) => id !== undefined);
    if (named !== undefined) return this.commits.get(named);
    if (!/^[0-9a-f]{5,39}$/.test(revision)) return undefined;
    const matches = [...this.commits.values()].filter((commit) => commit.id.startsWith(revision));
    return matches.length === 1 ? matches[0] : undefined;
  }

  /** First parents from a commit back to the first one, newest first. */
  history(from: CommitSnapshot): CommitSnapshot[] {
    const commits: CommitSnapshot[] = [];
    for (
      let at: CommitSnapshot | undefined = from;
      at;
      at = at.parent === undefined ? undefined : this.commits.get(at.parent)
    ) {
      commits.push(at);
    }
    return commits;
  }
}

/** Splits `datasets/org/name`, `spaces/org/name`, `org/name` or `name`. */
export function parseRepoName(name: string): { readonly type: RepoType; readonly id: string } {
  const [first = '', ...rest] = name.split('/');
  const type = first === 'datasets' || first === 'spaces' ? first : 'models';
  const id = type === 'models' ? name : rest.join('/');
  if (!/^[\w.-]+(\/[\w.-]+)?$/.test(id)) throw new RangeError(`not the name of a repo: ${name}`);
  return { type, id };
}

/** The name that `parseRepoName` reads: models have no prefix. */
export function repoName(repo: { readonly type: RepoType; readonly id: string }): string {
  return repo.type === 'models' ? repo.id : `${repo.type}/${repo.id}`;
}

function fullRef(name: string): string {
  return name.startsWith('refs/') ? name : `refs/heads/${name}`;
}
