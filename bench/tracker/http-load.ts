import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface HttpFound {
  readonly rate: number;
  /** Milliseconds. */
  readonly p99: number;
}

/** Announces per second by wrk: one thread, 32 connections, 50 peers wanted, ports at random. `closes`: a connection for each. */
export async function announcesByHttp(options: {
  readonly port: number;
  readonly torrents: number;
  readonly seconds: number;
  readonly closes: boolean;
  /** Each announce of a torrent that nobody has heard of. */
  readonly isFlood?: boolean;
}): Promise<HttpFound> {
  const { port, torrents, seconds, closes, isFlood = false } = options;
  const folder = await mkdtemp(join(tmpdir(), 'modelswarm-wrk-'));
  try {
    const script = join(folder, 'announce.lua');
    await writeFile(script, scriptFor(torrents, closes, isFlood));
    const args = ['-t1', '-c32', `-d${seconds}s`, '--latency', '-s', script, `http://127.0.0.1:${port}`];
    const { stdout } = await run('wrk', args);
    const rate = Number(/^Requests\/sec:\s+([\d.]+)/m.exec(stdout)?.[1]);
    // opentracker closes without saying so: wrk calls that a read error.
    const errors = /Non-2xx.*|connect [1-9]\d*|timeout [1-9]\d*/.exec(stdout)?.[0];
    if (errors !== undefined || !(rate > 0)) throw new Error(`wrk: ${errors ?? stdout}`);
    const [, p99 = '', unit = ''] = /^\s+99%\s+([\d.]+)(us|ms|s)/m.exec(stdout) ?? [];
    return { rate, p99: Number(p99) * ({ us: 0.001, ms: 1, s: 1000 }[unit] ?? Number.NaN) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** 18 of them, from 3 numbers. */
const RANDOM_BYTES =
  'string.rep(hex(math.random(0, 255)), 6) .. string.rep(hex(math.random(0, 255)), 6) .. string.rep(hex(math.random(0, 255)), 6)';

function scriptFor(torrents: number, closes: boolean, isFlood: boolean): string {
  return `
math.randomseed(1)
local function hex(value) return string.format('%%%02x', value) end
local headers = ${closes ? "{ ['Connection'] = 'close' }" : '{}'}
request = function()
  local torrent = math.random(0, ${torrents - 1})
  local port = math.random(1024, 65535)
  local hash = hex(torrent % 256) .. hex(math.floor(torrent / 256)) .. ${isFlood ? RANDOM_BYTES : "string.rep('%aa', 18)"}
  local id = '-XX0001-' .. string.format('%012d', port + torrent * 65536)
  return wrk.format('GET', '/announce?info_hash=' .. hash .. '&peer_id=' .. id .. '&port=' .. port
    .. '&uploaded=0&downloaded=0&left=1000&compact=1&numwant=50&event=started', headers)
end
`;
}
