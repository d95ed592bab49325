import { type Answer, jsonAnswer, refusalAnswer } from '../answer.ts';
import type { RepoRequest } from '../hub-state.ts';
import { listedEntry } from './listed-entry.ts';

const MOST_PATHS = 2000;

/** `POST /api/{type}/{repo}/paths-info/{revision}`, form-encoded or JSON. Unknown paths are left out. */
export async function answerPathsInfo(request: RepoRequest): Promise<Answer> {
  const body = await request.readBody();
  if (!body) return refusalAnswer({ status: 413, message: 'request entity too large' }, 'json');
  const asked = readPaths(request.headers['content-type'], new TextDecoder().decode(body));
  if (!asked) return refusalAnswer({ status: 400, message: '"paths" is required' }, 'json');
  if (asked.paths.length > MOST_PATHS) {
    return refusalAnswer({ status: 400, message: `"paths" must contain at most ${MOST_PATHS} items` }, 'json');
  }
  const wanted = new Set(asked.paths.map((path) => path.replace(/\/+$/, '')));
  const nodes = request.commit.nodes.filter((node) => wanted.has(node.path));
  return jsonAnswer(
    200,
    nodes.map((node) => listedEntry(request, node, asked.expand)),
  );
}

function readPaths(type: string | undefined, text: string): { paths: string[]; expand: boolean } | undefined {
  if (type?.includes('json')) {
    const value = parseJson(text);
    if (typeof value !== 'object' || value === null || !('paths' in value)) return undefined;
    const paths = Array.isArray(value.paths) ? value.paths : [value.paths];
    if (!paths.every((path) => typeof path === 'string')) return undefined;
    return { paths, expand: 'expand' in value && value.expand === true };
  }
  const form = new URLSearchParams(text);
  if (!form.has('paths')) return undefined;
  return { paths: form.getAll('paths'), expand: /^(true|1)$/i.test(form.get('expand') ?? '') };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
