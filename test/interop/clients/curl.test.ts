import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoRepos, patternContent, type RepoFile } from '../../../src/sample-hub/index.ts';
import { hasCommand, missing } from '../../support/peers.ts';
import { type ClientBed, createClientBed, noIsolation } from './client-bed.ts';
import { curl } from './curl-client.ts';
import { expectPublishedFile, publishedBytes } from './published.ts';

const skip = missing(hasCommand('curl'), 'curl', 'apt-get install curl') || noIsolation();

interface Case {
  readonly what: string;
  /** @param etag with its quotes */
  readonly args: (file: RepoFile, etag: string) => string[];
  readonly status: 200 | 206 | 304 | 416;
  /** As in `slice`; the default is everything. */
  readonly bytes?: readonly [start: number, end?: number];
}

/** Too big to be answered from memory. */
const weights = patternContent(3_000_000, 'weights');
const OTHER = '"0123456789012345678901234567890123456789"';
const CASES: readonly Case[] = [
  { what: 'no range', args: () => [], status: 200 },
  { what: 'HEAD', args: () => ['-I'], status: 200, bytes: [0, 0] },
  { what: '-r 0-0', args: () => ['-r', '0-0'], status: 206, bytes: [0, 1] },
  { what: '-r 100-2099', args: () => ['-r', '100-2099'], status: 206, bytes: [100, 2100] },
  { what: '-r 700-', args: () => ['-r', '700-'], status: 206, bytes: [700] },
  { what: '-r -500', args: () => ['-r', '-500'], status: 206, bytes: [-500] },
  { what: 'a range that ends behind the end', args: () => ['-r', '1000-99999999999'], status: 206, bytes: [1000] },
  { what: 'a range behind the end', args: ({ size }) => ['-r', `${size}-`], status: 416 },
  { what: 'several ranges', args: () => ['-r', '0-9,20-29'], status: 200 },
  { what: 'a unit that is not bytes', args: () => ['-H', 'Range: lines=1-2'], status: 200 },
  {
    what: '-r with its ETag as If-Range',
    args: (_, etag) => ['-r', '5-9', '-H', `If-Range: ${etag}`],
    status: 206,
    bytes: [5, 10],
  },
  { what: '-r with another ETag as If-Range', args: () => ['-r', '5-9', '-H', `If-Range: ${OTHER}`], status: 200 },
  {
    what: 'its ETag as If-None-Match',
    args: (_, etag) => ['-H', `If-None-Match: ${etag}`],
    status: 304,
    bytes: [0, 0],
  },
  { what: 'another ETag as If-None-Match', args: () => ['-H', `If-None-Match: ${OTHER}`], status: 200 },
  { what: '--compressed', args: () => ['--compressed'], status: 200 },
  { what: 'HTTP/1.0', args: () => ['-0'], status: 200 },
];

describe.skipIf(skip)('curl through the mirror', () => {
  let bed: ClientBed;
  beforeAll(async () => {
    bed = await createClientBed({ repos: [...demoRepos(), { name: 'org/model', files: { 'weights.bin': weights } }] });
  });
  afterAll(() => bed.close());

  describe.each([
    ['sample/tiny-bert', 'tokenizer.json'],
    ['sample/tiny-bert', 'onnx/model.onnx'],
    ['org/model', 'weights.bin'],
  ])('%s %s', (repo, path) => {
    it.each(CASES)('answers $what with $status, cold and warm', async ({ args, status, bytes = [0] }) => {
      const { url } = await bed.mirror();
      const location = `${url}/${repo}/resolve/main/${path}`;
      const file = bed.hub.file(repo, path);
      const etag = `"${file.sha256 ?? file.gitOid}"`;
      const ask = async () => {
        const answer = await curl(bed, location, args(file, etag));
        const { headers } = answer;
        expect(answer.status).toBe(status);
        for (const name of ['location', 'content-encoding', 'x-xet-hash', 'x-xet-refresh-route', 'link']) {
          expect(headers).not.toHaveProperty(name);
        }
        if (status === 416) {
          expect(headers['content-range']).toBe(`bytes */${file.size}`);
          return;
        }
        expect(headers).toMatchObject({ etag, 'x-repo-commit': bed.hub.commit(repo) });
        const expected = publishedBytes(bed.hub, { repo }, path, ...bytes);
        expect(answer.body.equals(expected)).toBe(true);
        if (status === 304) return;
        expect(headers['accept-ranges']).toBe('bytes');
        // A HEAD has the length of what it has not.
        const length = bytes[1] === 0 ? file.size : expected.length;
        expect(headers['content-length']).toBe(String(length));
        const start = (bytes[0] + file.size) % file.size;
        const contentRange = status === 206 ? `bytes ${start}-${start + length - 1}/${file.size}` : undefined;
        expect(headers['content-range']).toBe(contentRange);
      };
      await ask();
      // Everything is held now, whatever the question above has fetched.
      await curl(bed, location);
      const sent = bed.hub.bytesSent();
      await ask();
      expect(bed.hub.bytesSent()).toBe(sent);
    });

    it.each([1, 0.5])('--continue-at goes on from a part (%f of it)', async (share) => {
      const { url } = await bed.mirror();
      for (const round of ['cold', 'warm']) {
        const local = join(await bed.folder(), 'file');
        const { size } = bed.hub.file(repo, path);
        await writeFile(local, publishedBytes(bed.hub, { repo }, path, 0, Math.floor(size * share)));
        const before = bed.hub.bytesSent();
        await bed.run('curl', ['-sS', '-L', '-C', '-', '-o', local, `${url}/${repo}/resolve/main/${path}`]);
        await expectPublishedFile(bed.hub, { repo }, path, local);
        if (round === 'warm') expect(bed.hub.bytesSent()).toBe(before);
        await curl(bed, `${url}/${repo}/resolve/main/${path}`);
      }
    });
  });

  it('gets an empty file, with and without a range', async () => {
    const { url } = await bed.mirror();
    const location = `${url}/sample/hard-names/resolve/main/pkg/__init__.py`;
    for (const args of [[], ['-I'], ['-r', '0-0']]) {
      const { status, headers, body } = await curl(bed, location, args);
      expect(status).toBe(200);
      expect(headers).toMatchObject({ 'content-length': '0', etag: '"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"' });
      expect(body).toHaveLength(0);
    }
  });

  it('gets from /raw/ what git holds: text as it is, and the pointer of an LFS file', async () => {
    const { url } = await bed.mirror();
    const repo = 'sample/tiny-bert';
    const plain = await curl(bed, `${url}/${repo}/raw/main/config.json`);
    expect(plain.body.equals(publishedBytes(bed.hub, { repo }, 'config.json'))).toBe(true);
    const { body } = await curl(bed, `${url}/${repo}/raw/main/onnx/model.onnx`);
    expect(body.toString()).toBe(bed.hub.file(repo, 'onnx/model.onnx').pointer);
  });

  it('saves a file under the name that the Hub gives it', async () => {
    const { url } = await bed.mirror();
    const folder = await bed.folder();
    const location = `${url}/sample/hard-names/resolve/main/with%20space.txt?download=true`;
    const { stdout } = await bed.run('curl', ['-sS', '-f', '-L', '-J', '-O', '-w', '%{filename_effective}', location], {
      cwd: folder,
    });
    expect(stdout).toBe('with space.txt');
    const local = join(await bed.folder(), 'copy');
    await copyFile(join(folder, stdout), local);
    await expectPublishedFile(bed.hub, { repo: 'sample/hard-names' }, 'with space.txt', local);
  });

  it('talks to a mirror of an hub that answers plain files directly, as it did before 2025', async () => {
    const takeAway = bed.hub.setFault('*', { plainFiles: 'direct' });
    const { url } = await bed.mirror();
    const { status, body } = await curl(bed, `${url}/sample/tiny-bert/resolve/main/config.json`);
    takeAway();
    expect(status).toBe(200);
    expect(body.equals(publishedBytes(bed.hub, { repo: 'sample/tiny-bert' }, 'config.json'))).toBe(true);
  });
});
