import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoRepos } from '../../../src/sample-hub/index.ts';
import { hasCommand, missing } from '../../support/peers.ts';
import { type ClientBed, createClientBed, noIsolation } from './client-bed.ts';
import { expectPublishedFile } from './published.ts';

const skip = missing(hasCommand('aria2c'), 'aria2', 'apt-get install aria2') || noIsolation();

const REPO = 'sample/big-files';
const PATH = '64m.bin';
const SIXTEEN = ['-x16', '-s16', '-k1M', '--no-conf', '--file-allocation=none'];
/** aria2 says so when it was stopped before the end. */
const UNFINISHED = 7;

describe.skipIf(skip)('aria2 with 16 connections through the mirror', () => {
  let bed: ClientBed;
  beforeAll(async () => {
    bed = await createClientBed({ repos: demoRepos() });
  });
  afterAll(() => bed.close());

  const address = (mirror: { readonly url: string }) => `${mirror.url}/${REPO}/resolve/main/${PATH}`;
  const published = () => bed.hub.file(REPO, PATH);

  it('reads a file that is not held from byte 0 on, and the hub sends it once', async () => {
    const mirror = await bed.mirror();
    const download = async () => {
      const folder = await bed.folder();
      const log = join(folder, 'log');
      const checksum = `--checksum=sha-256=${published().sha256}`;
      await bed.run('aria2c', [...SIXTEEN, checksum, '-l', log, '--log-level=info', '-d', folder, address(mirror)]);
      await expectPublishedFile(bed.hub, { repo: REPO }, PATH, join(folder, PATH));
      return new Set((await readFile(log, 'utf8')).match(/^Range: bytes=\d+-\d*/gm));
    };
    expect((await download()).size).toBeGreaterThanOrEqual(15);
    const sent = bed.hub.bytesSent();
    expect(sent).toBeGreaterThanOrEqual(published().size);
    expect(sent).toBeLessThanOrEqual(published().size * 1.01);
    await download();
    expect(bed.hub.bytesSent()).toBe(sent);
  });

  it('goes on with -c where it was stopped, and the hub still sends the file once', async () => {
    const mirror = await bed.mirror();
    const folder = await bed.folder();
    const slow = ['--max-overall-download-limit=8M', '--stop=2'];
    const stopped = await bed.attempt('aria2c', [...SIXTEEN, ...slow, '-d', folder, address(mirror)]);
    expect(stopped.code).toBe(UNFINISHED);
    await stat(join(folder, `${PATH}.aria2`));

    await bed.run('aria2c', [...SIXTEEN, '-c', '-d', folder, address(mirror)]);
    await expectPublishedFile(bed.hub, { repo: REPO }, PATH, join(folder, PATH));
    expect(bed.hub.bytesSent()).toBeLessThanOrEqual(published().size * 1.01);
  });
});
