import type { Torrent } from '../metainfo/torrent.ts';
import type { FileStatus, TorrentStatus } from '../swarm/torrent-status.ts';
import type { ClientTorrent } from './client-torrent.ts';
import type { HubDownload } from './hub-download.ts';
import type { RepoLayout } from './repo-layout.ts';
import type { RepoPlan } from './repo-plan.ts';

/** Files of a repo on their way: by its torrent and the Hub together where there is a torrent, else from the Hub alone. */
export class RepoDownload {
  readonly plan: RepoPlan;
  /** Why there is no torrent; undefined when there is one. */
  readonly problem: string | undefined;
  readonly #layout: RepoLayout;
  readonly #work: ClientTorrent | HubDownload;
  readonly #done: Promise<string>;

  constructor(options: {
    readonly plan: RepoPlan;
    readonly layout: RepoLayout;
    readonly work: ClientTorrent | HubDownload;
    readonly problem: string | undefined;
  }) {
    const { plan, layout, work, problem } = options;
    this.plan = plan;
    this.problem = problem;
    this.#layout = layout;
    this.#work = work;
    this.#done = work.done().then(() => layout.finish(plan));
    this.#done.catch(() => {});
  }

  /** The torrent that it comes by, which is seeded afterwards; undefined: from the Hub alone. */
  get torrent(): ClientTorrent | undefined {
    return 'infoHash' in this.#work ? this.#work : undefined;
  }

  get metainfo(): Torrent | undefined {
    return this.torrent?.metainfo;
  }

  /** How it stands now: plain data. */
  status(): TorrentStatus {
    return this.#work.status();
  }

  /** How each of the wanted files stands now. */
  fileStatus(): FileStatus[] {
    return this.#work.fileStatus().filter(({ isWanted }) => isWanted);
  }

  /** Resolves with the folder that the files are in, when all of them match the Hub's hashes. Rejects with INTEGRITY, DISK_FULL, HUB_REFUSED ... */
  done(): Promise<string> {
    return this.#done;
  }

  /** Where a file is, or will be. */
  get root(): string {
    return this.#layout.root;
  }

  /** Ends it; what has landed stays for the next time. */
  async stop(): Promise<void> {
    await this.#work.stop();
  }
}
