import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoRepos } from '../../../src/sample-hub/index.ts';
import { hasCommand, missing } from '../../support/peers.ts';
import { type ClientBed, coldThenWarm, createClientBed, noIsolation } from './client-bed.ts';
import { type CurlAnswer, curl } from './curl-client.ts';
import { publishedBytes } from './published.ts';

const skip = missing(hasCommand('curl'), 'curl', 'apt-get install curl') || noIsolation();
const READER = `hf_${'r'.repeat(34)}`;
const REPO = 'sample/llama-gguf';

// What its HTTP library sends with every request.
const AGENT = ['-H', 'User-Agent: llama-cpp/b9150-1a2b3c4d', '-H', 'Connection: close'];
const API = [...AGENT, '-H', 'Accept: application/json'];

interface Listed {
  readonly type: string;
  readonly path: string;
  readonly oid: string;
  readonly lfs?: { readonly oid: string };
}

/** `llama-cli -hf`, request by request, since its own build would take longer than all tests together. */
describe.skipIf(skip)("llama.cpp's requests through the mirror", () => {
  let bed: ClientBed;
  beforeAll(async () => {
    const weights = publishedGguf();
    bed = await createClientBed({
      repos: [...demoRepos(), { name: 'org/gated-gguf', gated: 'manual', files: { 'tiny-Q8_0.gguf': weights } }],
      accounts: [{ token: READER, user: 'reader', grants: ['org/gated-gguf'] }],
    });
  });
  afterAll(() => bed.close());

  /** The commit of `main`, by `/refs`. */
  async function commitOf(url: string, repo: string, auth: string[] = []): Promise<string> {
    const { status, body } = await curl(bed, `${url}/api/models/${repo}/refs`, [...API, ...auth]);
    expect(status).toBe(200);
    const { branches } = JSON.parse(body.toString()) as { branches: { name: string; targetCommit: string }[] };
    return branches.find(({ name }) => name === 'main')?.targetCommit ?? '';
  }

  /** All files of a commit, by one page of `/tree`. */
  async function filesOf(url: string, repo: string, commit: string, auth: string[] = []): Promise<Listed[]> {
    const location = `${url}/api/models/${repo}/tree/${commit}?recursive=true`;
    const { status, headers, body } = await curl(bed, location, [...API, ...auth]);
    expect(status).toBe(200);
    // It would not follow another page.
    expect(headers).not.toHaveProperty('link');
    const listed = JSON.parse(body.toString()) as Listed[];
    return listed.filter(({ type }) => type === 'file');
  }

  /** HEAD, then GET: from the start, or from byte `held` on. */
  async function download(location: string, auth: string[] = [], held: number = 0): Promise<CurlAnswer> {
    const head = await curl(bed, location, ['-I', '-L', ...AGENT, ...auth]);
    expect(head.status).toBe(200);
    expect(head.headers).toMatchObject({ etag: expect.stringMatching(/^"[0-9a-f]+"$/), 'accept-ranges': 'bytes' });
    const range = held === 0 ? [] : ['-H', `Range: bytes=${held}-`];
    const answer = await curl(bed, location, ['-L', ...AGENT, ...auth, ...range]);
    expect(answer.status).toBe(held === 0 ? 200 : 206);
    expect(Number(head.headers['content-length'])).toBe(held + answer.body.length);
    return { ...answer, headers: head.headers };
  }

  it('finds the files of a quantisation and brings them', async () => {
    const { url } = await bed.mirror();
    await coldThenWarm(bed.hub, async () => {
      const commit = await commitOf(url, REPO);
      expect(commit).toBe(bed.hub.commit(REPO));
      const files = await filesOf(url, REPO, commit);
      expect(files.some(({ path }) => path === 'preset.ini')).toBe(false);
      const wanted = files.filter(({ path }) => /Q8_0\.gguf$/.test(path));
      expect(wanted).toHaveLength(1);
      for (const { path, lfs, oid } of wanted) {
        expect(lfs?.oid ?? oid).toBe(bed.hub.file(REPO, path).sha256);
        const { body, headers } = await download(`${url}/${REPO}/resolve/${commit}/${path}`);
        expect(body.equals(publishedBytes(bed.hub, { repo: REPO }, path))).toBe(true);
        expect(headers.etag).toBe(`"${lfs?.oid}"`);
      }
    });
  });

  it('goes on with 206 where a download was cut off', async () => {
    const { url } = await bed.mirror();
    const path = 'tiny-llama-F16.gguf';
    const location = `${url}/${REPO}/resolve/${await commitOf(url, REPO)}/${path}`;
    await coldThenWarm(bed.hub, async () => {
      const { body } = await download(location, [], 10_000);
      expect(body.equals(publishedBytes(bed.hub, { repo: REPO }, path, 10_000))).toBe(true);
    });
  });

  it('gets a listing of 1,200 files in one page', async () => {
    const { url } = await bed.mirror();
    const repo = 'sample/many-files';
    const files = await filesOf(url, repo, await commitOf(url, repo));
    expect(files).toHaveLength(1200);
    for (const { path, oid } of files) expect(oid).toBe(bed.hub.file(repo, path).gitOid);
  });

  it('brings a gated model with the token of somebody who may read it', async () => {
    const { url } = await bed.mirror();
    const repo = 'org/gated-gguf';
    const auth = ['-H', `Authorization: Bearer ${READER}`];
    await coldThenWarm(bed.hub, async () => {
      const commit = await commitOf(url, repo, auth);
      const [file] = await filesOf(url, repo, commit, auth);
      const location = `${url}/${repo}/resolve/${commit}/${file?.path}`;
      const { body } = await download(location, auth);
      expect(body.equals(publishedBytes(bed.hub, { repo }, 'tiny-Q8_0.gguf'))).toBe(true);
      expect((await curl(bed, location, ['-I', '-L', ...AGENT])).status).toBe(401);
    });
  });

  it('brings a file by its address (-mu)', async () => {
    const { url } = await bed.mirror();
    const path = 'tiny-llama-Q8_0.gguf';
    const { body } = await download(`${url}/${REPO}/resolve/main/${path}`);
    expect(body.equals(publishedBytes(bed.hub, { repo: REPO }, path))).toBe(true);
  });
});

function publishedGguf(): Uint8Array {
  const bytes = new Uint8Array(200_000);
  bytes.set(new TextEncoder().encode('GGUF'));
  return bytes;
}
