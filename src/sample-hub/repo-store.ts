import type { RepoType } from '../contracts/domain.ts';
import { parseRepoName, RepoState, repoName, type SampleRepo } from './sample-repo.ts';

/** All repos of the hub. Names are found in any case, and by the older names of renamed repos. */
export class RepoStore {
  readonly #repos: RepoState[] = [];

  add(spec: SampleRepo): RepoState {
    const repo = new RepoState(spec);
    if (this.find(repo.type, repo.id)) throw new RangeError(`the hub has a repo ${spec.name} already`);
    this.#repos.push(repo);
    return repo;
  }

  /** The repo with that id, in any case, or that once had it. */
  find(type: RepoType, id: string): RepoState | undefined {
    const wanted = id.toLowerCase();
    const ofType = this.#repos.filter((repo) => repo.type === type);
    return (
      ofType.find((repo) => repo.id.toLowerCase() === wanted) ??
      ofType.find((repo) => repo.aliases.some((alias) => alias.toLowerCase() === wanted))
    );
  }

  /** The repo named `org/name`, `datasets/org/name` ... Throws a RangeError when there is none. */
  named(name: string): RepoState {
    const { type, id } = parseRepoName(name);
    const repo = this.find(type, id);
    if (!repo) throw new RangeError(`the hub has no repo ${name}`);
    return repo;
  }

  /** Gives a repo a new id; requests for the old one are redirected. */
  rename(name: string, id: string): void {
    const repo = this.named(name);
    repo.aliases.push(repo.id);
    repo.id = id;
  }

  byObjectId(objectId: string): RepoState | undefined {
    return this.#repos.find((repo) => repo.objectId === objectId);
  }

  all(type?: RepoType): RepoState[] {
    return this.#repos.filter((repo) => type === undefined || repo.type === type);
  }

  names(): string[] {
    return this.#repos.map(repoName);
  }
}
