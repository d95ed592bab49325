import type { ServerResponse } from 'node:http';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readAll, scriptedHub } from '../../test/support/loopback-hub.ts';
import { loopbackServer, type SeenRequest } from '../../test/support/loopback-server.ts';
import type { RepoRef } from '../contracts/domain.ts';
import type { RangeSource } from '../contracts/range-source.ts';
import { isSwarmError } from '../errors.ts';

const COMMIT = 'c'.repeat(40);
const repo: RepoRef = { type: 'models', id: 'org/name' };
const SIZE = 100_000;
const BYTES = new Uint8Array(SIZE).map((_, index) => (index * 7 + (index >> 8)) % 256);
const FILE = { repo, commit: COMMIT, path: 'model.bin', size: SIZE };
const signal = new AbortController().signal;

function read(source: RangeSource, start: number, end: number): Promise<Uint8Array> {
  return readAll(source.read(start, end, { signal }));
}

describe('a server that ignores the range', () => {
  const whole = (_: SeenRequest, response: ServerResponse) =>
    void response.writeHead(200, { 'content-length': SIZE }).end(BYTES);

  test.each([
    [0, SIZE],
    [0, 10],
    [50, 60],
    [SIZE - 5, SIZE],
  ])('gives bytes %i to %i all the same', async (start, end) => {
    const { client } = await scriptedHub(whole);
    expect(await read(client.source(FILE), start, end)).toEqual(BYTES.slice(start, end));
  });

  test('may do so without a length', async () => {
    const { client } = await scriptedHub((_, response) => {
      response.writeHead(200).write(BYTES.subarray(0, 1000));
      response.end(BYTES.subarray(1000));
    });
    expect(await read(client.source(FILE), 500, 2000)).toEqual(BYTES.slice(500, 2000));
  });

  test('is refused when the wanted bytes are more than 1 MiB away', async () => {
    const { server, client } = await scriptedHub((_, response) => {
      response.writeHead(200, { 'content-length': 4_000_000 }).write('x');
    });
    const source = client.source({ ...FILE, size: 4_000_000 });
    await expect(read(source, 1024 * 1024 + 1, 4_000_000)).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
    await expect.poll(() => server.sockets.size).toBe(0);
  });

  test('is refused when its file has another size', async () => {
    const { client } = await scriptedHub(
      (_, response) => void response.writeHead(200, { 'content-length': SIZE + 1 }).write('x'),
    );
    await expect(read(client.source(FILE), 0, 10)).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
  });
});

describe('answers that are not the range', () => {
  test.each([
    ['another start', `bytes 1-10/${SIZE}`, {}],
    ['another end', `bytes 0-8/${SIZE}`, {}],
    ['another file size', `bytes 0-9/${SIZE + 1}`, {}],
    ['an unknown file size', 'bytes 0-9/*', {}],
    ['no range', undefined, {}],
    ['a malformed range', 'bytes 0-9', {}],
    ['a length that contradicts it', `bytes 0-9/${SIZE}`, { 'content-length': '11' }],
    ['compressed bytes', `bytes 0-9/${SIZE}`, { 'content-encoding': 'gzip' }],
  ])('206 with %s', async (_, range, more) => {
    const { server, client } = await scriptedHub((_request, response) => {
      response.writeHead(206, { ...(range ? { 'content-range': range } : {}), 'content-length': 10, ...more });
      response.write('01234');
    });
    await expect(read(client.source(FILE), 0, 10)).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
    await expect.poll(() => server.sockets.size).toBe(0);
  });

  test.each([
    [416, 'HUB_REFUSED'],
    [404, 'HUB_REFUSED'],
    [401, 'HUB_REFUSED'],
    [429, 'RATE_LIMITED'],
    [500, 'UPSTREAM_UNAVAILABLE'],
    [504, 'UPSTREAM_TIMEOUT'],
    [204, 'UPSTREAM_INVALID'],
  ])('%i from the Hub is %s', async (status, code) => {
    const { client } = await scriptedHub((_, response) => void response.writeHead(status).end());
    await expect(read(client.source(FILE), 0, 10)).rejects.toMatchObject({ code });
  });

  test.each([
    [416, 'UPSTREAM_INVALID'],
    [404, 'UPSTREAM_INVALID'],
    [403, 'UPSTREAM_UNAVAILABLE'],
    [429, 'RATE_LIMITED'],
    [503, 'UPSTREAM_UNAVAILABLE'],
  ])('%i from the server of signed URLs is %s, never a refusal of the Hub', async (status, code) => {
    const cdn = await loopbackServer((_, response) => {
      response.writeHead(status, { 'x-error-code': 'GatedRepo', 'retry-after': '7' }).end();
    });
    const { client } = await scriptedHub(
      (_, response) => void response.writeHead(302, { location: `${cdn.url}/f` }).end(),
    );
    await expect(read(client.source(FILE), 0, 10)).rejects.toMatchObject({ code, hub: undefined });
  });
});

describe('a body that does not come whole', () => {
  const partial = (end: 'destroy' | 'stall' | 'end') =>
    scriptedHub(
      (_, response) => {
        const length = end === 'end' ? {} : { 'content-length': SIZE };
        response.writeHead(206, { 'content-range': `bytes 0-${SIZE - 1}/${SIZE}`, ...length });
        response.write(BYTES.subarray(0, 1000));
        if (end === 'destroy') setTimeout(() => response.destroy(), 20);
        if (end === 'end') response.end();
      },
      { stallTimeoutMs: 200 },
    );

  test.each([
    ['destroy', 'UPSTREAM_UNAVAILABLE'],
    ['end', 'UPSTREAM_UNAVAILABLE'],
    ['stall', 'UPSTREAM_TIMEOUT'],
  ] as const)('by %s gives what it has, then throws %s', async (end, code) => {
    const { client } = await partial(end);
    let length = 0;
    const reading = (async () => {
      for await (const chunk of client.source(FILE).read(0, SIZE, { signal })) {
        expect(chunk).toEqual(BYTES.slice(length, length + chunk.length));
        length += chunk.length;
      }
    })();
    await expect(reading).rejects.toMatchObject({ code });
    expect(length).toBe(1000);
  });
});

test('never more bytes than were asked for, whatever the server sends', async () => {
  const { client } = await scriptedHub((_, response) => {
    response.writeHead(206, { 'content-range': `bytes 0-9/${SIZE}` }).end(BYTES);
  });
  expect(await read(client.source(FILE), 0, 10)).toEqual(BYTES.slice(0, 10));
});

test('whatever headers come, the bytes are the wanted ones or there is an error of ours', async () => {
  let answer: { status: number; headers: Record<string, string>; from: number; to: number };
  const { client } = await scriptedHub((_, response) => {
    response.writeHead(answer.status, answer.headers).end(BYTES.subarray(answer.from, answer.to));
  });
  const position = fc.nat(40);
  const headers = fc.record(
    {
      'content-range': fc
        .tuple(position, position, fc.constantFrom(SIZE, SIZE, 40, '*'))
        .map(([start, end, size]) => `bytes ${start}-${end}/${size}`),
      'content-length': position.map(String),
      'content-encoding': fc.constantFrom('identity', 'gzip'),
    },
    { requiredKeys: [], noNullPrototype: true },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(206, 206, 200),
      headers,
      position,
      position,
      async (status, given, start, length) => {
        // An honest body: what the range says, or everything.
        const [, from = '0', last = '0'] = /bytes (\d+)-(\d+)/.exec(given['content-range'] ?? '') ?? [];
        answer = {
          status,
          headers: given,
          from: status === 200 ? 0 : Number(from),
          to: status === 200 ? SIZE : Number(last) + 1,
        };
        if (given['content-length'] !== undefined)
          answer.to = Math.min(answer.to, answer.from + Number(given['content-length']));
        const end = start + length;
        try {
          expect(await read(client.source(FILE), start, end)).toEqual(BYTES.slice(start, end));
        } catch (error) {
          if (!isSwarmError(error)) throw error;
        }
      },
    ),
    { numRuns: 150 },
  );
});
