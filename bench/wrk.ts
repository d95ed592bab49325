import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Load {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** Asks for random aligned ranges of this length of a file of `size` bytes. */
  readonly range?: { readonly length: number; readonly size: number };
}

/**
 * GET requests per second that a server answers to wrk, one thread. (wrk waits for the body of a HEAD: see head-load.ts.)
 * Throws when an answer was an error, or no 206 of the right length to a range.
 */
export async function requestsPerSecond({ url, connections, seconds, range }: Load): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'modelswarm-wrk-'));
  try {
    const script = join(folder, 'load.lua');
    await writeFile(script, range ? rangeScript(range) : '');
    const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '30s', '-s', script, url];
    const { stdout } = await run('wrk', args);
    const rate = Number(/^Requests\/sec:\s+([\d.]+)/m.exec(stdout)?.[1]);
    const errors = /^\s*(Socket errors|Non-2xx).*$/m.exec(stdout)?.[0] ?? /wrong [1-9]\d*/.exec(stdout)?.[0];
    if (errors !== undefined || !(rate > 0)) throw new Error(`wrk ${url}: ${errors ?? stdout}`);
    return rate;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function rangeScript({ length, size }: NonNullable<Load['range']>): string {
  return `
local threads = {}
function setup(thread) table.insert(threads, thread) end
function init() wrong = 0; math.randomseed(1) end
function request()
  local start = math.random(0, ${Math.floor(size / length) - 1}) * ${length}
  return wrk.format('GET', nil, { ['Range'] = 'bytes=' .. start .. '-' .. (start + ${length - 1}) })
end
function response(status, headers, body)
  if status ~= 206 or #body ~= ${length} then wrong = wrong + 1 end
end
function done() for _, thread in ipairs(threads) do print('wrong ' .. thread:get('wrong')) end end
`;
}
