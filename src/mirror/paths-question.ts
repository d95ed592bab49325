import { z } from 'zod';
import { SwarmError } from '../errors.ts';
import { pathProblem } from '../hub-format/repo-path.ts';
import { readBounded } from './bounded-body.ts';

/** The Hub's own limit, and ours for the body. */
const MAX_PATHS = 2000;
const MAX_BODY_BYTES = 1024 * 1024;

/** What a `paths-info` request asks. */
export interface PathsQuestion {
  readonly paths: readonly string[];
  /** Also the last commit and the scan results of each file. */
  readonly expand: boolean;
}

const boolean = z.union([z.boolean(), z.string().transform((text) => /^(true|1)$/i.test(text))]);
const Body = z.object({
  paths: z.union([z.string().transform((path) => [path]), z.array(z.string())]),
  expand: boolean.default(false),
});

/**
 * Reads the body of a `paths-info` request: JSON from JavaScript clients, a form from python. Paths that no file can
 * have are left out, as unknown ones are. Throws BAD_REQUEST, and TOO_LARGE beyond 2,000 paths or 1 MiB.
 */
export async function readPathsQuestion(request: Request): Promise<PathsQuestion> {
  const tooLarge = (): SwarmError => new SwarmError('TOO_LARGE', `The body is larger than ${MAX_BODY_BYTES} bytes`);
  if (Number(request.headers.get('content-length') ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  const text = new TextDecoder().decode(await readBounded(request.body, MAX_BODY_BYTES, tooLarge));
  const isJson = /\bjson\b/i.test(request.headers.get('content-type') ?? '');
  const result = Body.safeParse(isJson ? parseJson(text) : parseForm(text));
  if (!result.success) throw new SwarmError('BAD_REQUEST', 'The body must name "paths"');
  const paths = [...new Set(result.data.paths)];
  if (paths.length > MAX_PATHS)
    throw new SwarmError('TOO_LARGE', `More than ${MAX_PATHS} paths were asked for at once`);
  return { paths: paths.filter((path) => pathProblem(path) === undefined), expand: result.data.expand };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SwarmError('BAD_REQUEST', 'The body is not JSON', { cause });
  }
}

function parseForm(text: string): unknown {
  const form = new URLSearchParams(text);
  return { paths: form.getAll('paths'), expand: form.get('expand') ?? false };
}
