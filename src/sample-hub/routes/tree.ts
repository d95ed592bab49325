import { missingEntry } from '../access.ts';
import { type Answer, jsonAnswer, refusalAnswer } from '../answer.ts';
import type { CommitSnapshot, TreeNode } from '../commit-snapshot.ts';
import { flag, type RepoRequest, wholeNumber } from '../hub-state.ts';
import { listedEntry } from './listed-entry.ts';

/** `GET /api/{type}/{repo}/tree/{revision}[/{path}]?recursive=&expand=&limit=&cursor=`. */
export function answerTree(request: RepoRequest): Answer {
  const { commit, path, query, fault } = request;
  const nodes = nodesBelow(commit, path, flag(query, 'recursive'));
  if (!nodes) return refusalAnswer(missingEntry(commit.id), 'json');
  const expand = flag(query, 'expand');
  const most = fault.pageSize ?? (expand ? 100 : 1000);
  const limit = wholeNumber(query, 'limit', { least: 1, most, fallback: most });
  const cursor = query.get('cursor');
  const start = cursor === null ? 0 : afterCursor(nodes, cursor);
  const page = nodes.slice(start, start + limit);
  const last = page.at(-1);
  const headers: Record<string, string> = { 'x-repo-commit': commit.id };
  if (last && start + limit < nodes.length) {
    const next = new URLSearchParams(query);
    next.set('expand', String(expand));
    next.set('recursive', String(flag(query, 'recursive')));
    next.set('limit', String(limit));
    next.set('cursor', makeCursor(last.path, commit.tree, limit));
    headers.link = `<${request.hub.url}${request.rawPath}?${next}>; rel="next"`;
  }
  return jsonAnswer(
    200,
    page.map((node) => listedEntry(request, node, expand)),
    headers,
  );
}

/** `GET /api/{type}/{repo}/treesize/{revision}/{path}`. */
export function answerTreeSize(request: RepoRequest): Answer {
  const nodes = nodesBelow(request.commit, request.path, true);
  if (!nodes) return refusalAnswer(missingEntry(request.commit.id), 'json');
  const size = nodes.reduce((sum, node) => sum + (node.type === 'file' ? node.file.size : 0), 0);
  return jsonAnswer(200, { path: `/${request.path}`, size });
}

/** Undefined when there is no directory at `path`. */
function nodesBelow(commit: CommitSnapshot, path: string, recursive: boolean): TreeNode[] | undefined {
  const directory = path.replace(/\/+$/, '');
  const prefix = directory === '' ? '' : `${directory}/`;
  if (prefix !== '' && !commit.nodes.some((node) => node.type === 'directory' && node.path === directory))
    return undefined;
  return commit.nodes.filter(
    (node) => node.path.startsWith(prefix) && (recursive || !node.path.slice(prefix.length).includes('/')),
  );
}

// The Hub's own form; a client that makes it up itself leaves `tree_oid` out.
function makeCursor(path: string, tree: string, limit: number): string {
  const inner = Buffer.from(JSON.stringify({ file_name: path, tree_oid: tree })).toString('base64');
  return Buffer.from(`${inner}:${limit}`).toString('base64');
}

/** Where the page after a cursor starts: at the end for one that names no entry. */
function afterCursor(nodes: readonly TreeNode[], cursor: string): number {
  const inner = Buffer.from(cursor, 'base64').toString().split(':')[0] ?? '';
  const name = /^\{"file_name":("(?:[^"\\]|\\.)*")/.exec(Buffer.from(inner, 'base64').toString())?.[1];
  const index = nodes.findIndex((node) => JSON.stringify(node.path) === name);
  return index === -1 ? nodes.length : index + 1;
}
