import { refuseBytes } from '../access.ts';
import type { CommitSnapshot, TreeNode } from '../commit-snapshot.ts';
import type { RepoRequest } from '../hub-state.ts';
import type { RepoState } from '../sample-repo.ts';

/** Dates as the Hub writes them: milliseconds and a literal `Z`. */
export const hubDate = (seconds: number): string => new Date(seconds * 1000).toISOString();

/**
 * One entry of `/tree` or `/paths-info`.
 * @param expand adds the last commit and the scan results
 */
export function listedEntry(request: RepoRequest, node: TreeNode, expand: boolean): Record<string, unknown> {
  const { hub, repo, commit, account } = request;
  const extra = expand ? { lastCommit: lastCommit(repo, commit, node.path) } : {};
  if (node.type === 'directory') return { type: 'directory', oid: node.oid, size: 0, path: node.path, ...extra };
  const { file } = node;
  const fault = request.entryFault(file.path);
  const size = fault.listedSize ?? file.size;
  const entry: Record<string, unknown> = { type: 'file', oid: fault.listedOid ?? file.gitOid, size };
  if (file.pointer !== undefined) {
    entry.lfs = { oid: fault.listedSha256 ?? file.sha256, size, pointerSize: file.pointer.length };
    const hidden = refuseBytes(hub.accounts, account, repo, hub.url) !== undefined;
    if (fault.xet !== false) entry.xetHash = hidden ? '*'.repeat(64) : file.xetHash;
  }
  entry.path = file.path;
  return expand ? { ...entry, ...extra, securityFileStatus: SAFE } : entry;
}

const SAFE = {
  status: 'safe',
  jFrogScan: { status: 'unscanned' },
  protectAiScan: { status: 'unscanned' },
  avScan: { status: 'safe' },
  pickleImportScan: { status: 'unscanned', pickleImports: [] },
};

/** The newest commit that changed what is at `path`. */
function lastCommit(repo: RepoState, commit: CommitSnapshot, path: string): object {
  const history = repo.history(commit);
  const oid = oidAt(commit, path);
  const older = history.findIndex((one) => oidAt(one, path) !== oid);
  const changed = history[older === -1 ? history.length - 1 : older - 1] ?? commit;
  return { id: changed.id, title: changed.message, date: hubDate(changed.seconds) };
}

function oidAt(commit: CommitSnapshot, path: string): string | undefined {
  return commit.files.get(path)?.gitOid ?? commit.nodes.find((node) => node.path === path)?.oid;
}
