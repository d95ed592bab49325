import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { type Content, patternContent } from '../../src/sample-hub/index.ts';
import { download } from '../support/downloads.ts';
import { sampleHub } from '../support/sample-hub.ts';
import { spawnMirror } from '../support/start-server.ts';

const MIB = 1024 * 1024;
const SECONDS = 120;
const CLIENTS = 16;
const FILES = 24;

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function memoryOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}

test('two minutes of mixed reading, with a cache too small for the files and a hub that stumbles, stay right and bounded', async () => {
  const contents = new Map<string, Content>();
  for (let index = 0; index < FILES; index++) {
    // From 100 KiB to 40 MiB: below and above the size that is answered from memory.
    contents.set(
      `file-${index}.bin`,
      patternContent(100_000 + Math.floor((index / FILES) ** 2 * 40 * MIB), `soak ${index}`),
    );
  }
  const hub = await sampleHub({ repos: [{ name: 'org/model', files: Object.fromEntries(contents) }] });
  hub.setFault({ host: 'cdn' }, { truncateAt: 3 * MIB }, 200);
  await using mirror = await spawnMirror({ hub, args: ['--max-cache-size', '200MB'] });
  const end = Date.now() + SECONDS * 1000;
  let answers = 0;
  let mostMemory = 0;

  async function client(): Promise<void> {
    while (Date.now() < end) {
      const [path, content] = [...contents][Math.floor(Math.random() * FILES)] ?? [];
      if (!path || !content) continue;
      const url = `${mirror.url}/org/model/resolve/main/${path}`;
      const start = Math.random() < 0.3 ? 0 : Math.floor(Math.random() * content.size);
      const stop = Math.min(content.size, start + Math.floor(Math.random() * 4 * MIB) + 1);
      const whole = Math.random() < 0.2;
      const answer = await download(url, whole ? {} : { headers: { range: `bytes=${start}-${stop - 1}` } });
      if (answer.status === 507 || answer.status === 429) continue;
      expect(answer.cut).toBe(false);
      expect(answer.status).toBe(whole ? 200 : 206);
      expect(answer.sha256).toBe(digest(whole ? content.read(0, content.size) : content.read(start, stop)));
      answers++;
      mostMemory = Math.max(mostMemory, await memoryOf(mirror.pid));
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client));
  console.log(`soak: ${answers} right answers, at most ${Math.round(mostMemory / 1e6)} MB`);
  expect(answers).toBeGreaterThan(200);
  expect(mostMemory).toBeLessThan(400e6);
});
