import { resolvePathname } from '../hub-format/hub-urls.ts';
import { repoName } from '../hub-format/repo-id.ts';
import { repoSeedPathname, type SeedSubject, seedPathname } from '../hub-format/seed-urls.ts';
import type { CanonicalLayout } from '../metainfo/canonical.ts';
import { pathOfSubject, type Subject } from './subject.ts';

/** Makes the URLs that go into answers and torrents. None of them ever comes from a request. */
export interface Addresses {
  readonly links: (subject: Subject) => {
    readonly self: string;
    readonly torrent: string;
    readonly magnet: string;
    readonly webSeed: string | null;
    readonly hub: string;
  };
  /** What BEP 19 clients get: the file itself, or the folder that the torrent's name and paths are appended to. */
  readonly webSeeds: (subject: Subject, version: CanonicalLayout['version']) => string[];
  readonly torrent: (subject: Subject) => string | undefined;
  readonly hub: (subject: Subject) => string;
}

/**
 * `base`: this server as clients reach it, without a slash at the end; undefined while that is not known (mounted in an app without
 * `publicUrl`): then links have no host, and torrents no web seed of ours. `hubWebSeed`: torrents of single files name the Hub too.
 */
export function createAddresses(options: {
  readonly base: () => string | undefined;
  readonly hubEndpoint: string;
  readonly hubWebSeed: boolean;
}): Addresses {
  const { base, hubEndpoint } = options;
  const subjectOf = (subject: Subject): SeedSubject => ({
    repo: subject.grant.repo,
    commit: subject.grant.commit,
    path: pathOfSubject(subject),
  });
  const hub = (subject: Subject): string => {
    const { repo, commit, path } = subjectOf(subject);
    return path === ''
      ? `${hubEndpoint}/${repoName(repo)}/tree/${commit}`
      : hubEndpoint + resolvePathname(repo, commit, path);
  };
  return {
    hub,
    links(subject) {
      const of = subjectOf(subject);
      const host = base() ?? '';
      return {
        self: `${host}${seedPathname('model', of)}?format=json`,
        torrent: host + seedPathname('torrent', of),
        magnet: host + seedPathname('magnet', of),
        webSeed: subject.kind === 'file' ? host + seedPathname('hf', of) : null,
        hub: hub(subject),
      };
    },
    webSeeds(subject, version) {
      const host = base();
      const of = subjectOf(subject);
      if (subject.kind === 'repo') return host === undefined ? [] : [host + repoSeedPathname(of)];
      const urls = [
        ...(host === undefined ? [] : [host + seedPathname('hf', of)]),
        ...(options.hubWebSeed ? [hub(subject)] : []),
      ];
      // libtorrent 2.0.8 appends the name to every web seed of a torrent that is v2 only, and others do so behind a slash.
      return version === 'v2' ? urls.map((url) => url.slice(0, url.lastIndexOf('/') + 1)) : urls;
    },
    torrent: (subject) => {
      const host = base();
      return host === undefined ? undefined : host + seedPathname('torrent', subjectOf(subject));
    },
  };
}
