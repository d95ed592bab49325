import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoRepos } from '../../../src/sample-hub/index.ts';
import { hasCommand, missing } from '../../support/peers.ts';
import { type ClientBed, createClientBed, noIsolation } from './client-bed.ts';
import { curl } from './curl-client.ts';

const skip = missing(hasCommand('curl'), 'curl', 'apt-get install curl') || noIsolation();
const MANIFEST = 'Accept: application/vnd.docker.distribution.manifest.v2+json';
const AGENT = 'User-Agent: ollama/0.34.2 (amd64 linux) Go/go1.26.2';

describe.skipIf(skip)("Ollama's requests", () => {
  let bed: ClientBed;
  beforeAll(async () => {
    bed = await createClientBed({ repos: demoRepos() });
  });
  afterAll(() => bed.close());

  it('are answered 404 with the reason, and the hub is not asked: the mirror has no /v2 registry yet', async () => {
    const { url } = await bed.mirror();
    const sha256 = bed.hub.file('sample/llama-gguf', 'tiny-llama-Q8_0.gguf').sha256;
    const requests = [
      ['manifests/latest', '-H', MANIFEST],
      ['manifests/Q8_0', '-H', MANIFEST],
      [`blobs/sha256:${sha256}`],
      [`blobs/sha256:${sha256}`, '-I'],
    ];
    for (const [path, ...args] of requests) {
      const { status, headers } = await curl(bed, `${url}/v2/sample/llama-gguf/${path}`, ['-H', AGENT, ...args]);
      expect(status).toBe(404);
      expect(headers['x-error-message']).toContain('not the /v2 registry that Ollama reads');
    }
    expect(bed.hub.requests).toEqual([]);
  });

  it('are named in the documentation as not served yet', async () => {
    const clients = await readFile(new URL('../../../docs/clients.md', import.meta.url), 'utf8');
    const notYet = clients.split(/^## /m).find((section) => section.startsWith('Not yet'));
    expect(notYet).toMatch(/Ollama.*\/v2/);
  });
});
