import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoRepos, patternContent } from '../../../src/sample-hub/index.ts';
import { hasCommand, missing } from '../../support/peers.ts';
import { type ClientBed, coldThenWarm, createClientBed, noIsolation } from './client-bed.ts';
import { expectPublishedFolder, publishedBytes, publishedPaths } from './published.ts';

const READER = `hf_${'r'.repeat(34)}`;

// How hfd.sh and its relatives work where jq is not installed: names are cut out of the JSON as text.
const LIST = `
curl -sS -f -L \${HF_TOKEN:+-H "Authorization: Bearer $HF_TOKEN"} "$HF_ENDPOINT/api/models/$REPO\${REVISION:+/revision/$REVISION}" |
  grep -o '"rfilename":"[^"]*"' | cut -d'"' -f4 > files.txt
test -s files.txt
`;
const WITH_ARIA2 = `set -eu
${LIST}
while IFS= read -r file; do
  printf '%s\\n dir=%s\\n out=%s\\n gid=%s\\n\\n' "$HF_ENDPOINT/$REPO/resolve/\${REVISION:-main}/$file" "$OUT" "$file" "$(printf %s "$file" | md5sum | cut -c1-16)"
done < files.txt > fileslist.txt
aria2c --no-conf --console-log-level=error --file-allocation=none -x4 -j5 -s4 -k1M -c -i fileslist.txt \
  \${HF_TOKEN:+--header="Authorization: Bearer $HF_TOKEN"}
`;
const WITH_WGET = `set -eu
${LIST}
while IFS= read -r file; do
  mkdir -p "$OUT/$(dirname "$file")"
  wget -q -c \${HF_TOKEN:+--header="Authorization: Bearer $HF_TOKEN"} \
    "$HF_ENDPOINT/$REPO/resolve/\${REVISION:-main}/$file" -O "$OUT/$file"
done < files.txt
`;

const scripts: [tool: string, script: string][] = [
  ['aria2c', WITH_ARIA2],
  ['wget', WITH_WGET],
];
const needed = ['curl', 'aria2c', 'wget'];
const skip = missing(
  needed.every((name) => hasCommand(name)),
  needed.join(', '),
  'apt-get install curl aria2 wget',
);

/** A model of some files, large enough for several connections. */
const MODEL = {
  name: 'org/model',
  files: {
    'config.json': '{}\n',
    'tokenizer/vocab.txt': 'hello\nworld\n',
    'model-00001-of-00002.safetensors': patternContent(5_000_000, 'first'),
    'model-00002-of-00002.safetensors': patternContent(4_000_001, 'second'),
  },
};

describe.skipIf(skip || noIsolation())('shell scripts that list with curl and grep', () => {
  let bed: ClientBed;
  beforeAll(async () => {
    bed = await createClientBed({
      repos: [...demoRepos(), MODEL],
      accounts: [{ token: READER, user: 'reader', grants: ['sample/gated-bert'] }],
    });
  });
  afterAll(() => bed.close());

  it.each(scripts)('bring a repo with %s, at a branch and at a commit', async (_, script) => {
    const { url } = await bed.mirror();
    const repo = MODEL.name;
    await coldThenWarm(bed.hub, async () => {
      for (const REVISION of ['', bed.hub.commit(repo)]) {
        const OUT = await bed.folder();
        await bed.run('sh', ['-c', script], { env: { HF_ENDPOINT: url, REPO: repo, OUT, REVISION } });
        await expectPublishedFolder(bed.hub, { repo }, OUT);
      }
    });
  });

  it.each(scripts)('bring a gated repo with %s and a token', async (_, script) => {
    const { url } = await bed.mirror();
    const repo = 'sample/gated-bert';
    const env = { HF_ENDPOINT: url, REPO: repo };
    await coldThenWarm(bed.hub, async () => {
      const OUT = await bed.folder();
      await bed.run('sh', ['-c', script], { env: { ...env, OUT, HF_TOKEN: READER } });
      await expectPublishedFolder(bed.hub, { repo }, OUT);
    });
    const refused = await bed.attempt('sh', ['-c', script], { env: { ...env, OUT: await bed.folder() } });
    expect(refused.code).not.toBe(0);
  });

  it.each(scripts)('go on with %s -c from files that are half there', async (_, script) => {
    const { url } = await bed.mirror();
    const repo = MODEL.name;
    const OUT = await bed.folder();
    for (const path of await publishedPaths(bed.hub, { repo })) {
      const half = publishedBytes(bed.hub, { repo }, path, 0, Math.floor(bed.hub.file(repo, path).size / 2));
      await mkdir(dirname(join(OUT, path)), { recursive: true });
      await writeFile(join(OUT, path), half);
    }
    await bed.run('sh', ['-c', script], { env: { HF_ENDPOINT: url, REPO: repo, OUT } });
    await expectPublishedFolder(bed.hub, { repo }, OUT);
  });
});
