import type { Commit, RepoRef, Revision } from '../contracts/domain.ts';

/** What a path of the Hub's URL space asks for. All text is decoded and validated. */
export type HubRoute =
  /** `/{repo}/resolve/{rev}/{path}`: the bytes of a file. */
  | { readonly route: 'resolve'; readonly repo: RepoRef; readonly revision: Revision; readonly path: string }
  /** `/{repo}/raw/{rev}/{path}`: the git blob, which is the pointer text for an LFS file. */
  | { readonly route: 'raw'; readonly repo: RepoRef; readonly revision: Revision; readonly path: string }
  /** `/api/resolve-cache/{type}/{repo}/{commit}/{path}`: where `resolve` redirects to for plain files. */
  | { readonly route: 'resolve-cache'; readonly repo: RepoRef; readonly revision: Commit; readonly path: string }
  /** `/api/{type}/{repo}/tree/{rev}[/{path}]`, and `treesize`; `path` is '' for the root. */
  | { readonly route: 'tree' | 'treesize'; readonly repo: RepoRef; readonly revision: Revision; readonly path: string }
  /** `/api/{type}/{repo}/{route}/{rev}` */
  | {
      readonly route: 'revision' | 'paths-info' | 'commits' | 'xet-read-token';
      readonly repo: RepoRef;
      readonly revision: Revision;
    }
  /** `/api/{type}/{repo}` is `info`; the others are `/api/{type}/{repo}/{route}`. */
  | { readonly route: 'info' | 'refs' | 'auth-check'; readonly repo: RepoRef }
  /** Anything else. `repo` is the one that a path below `/api/{type}/` most likely belongs to. */
  | { readonly route: 'unknown'; readonly repo?: RepoRef };
