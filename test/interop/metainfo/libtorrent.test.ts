/** Our torrents and libtorrent's of the same files are the same, byte for byte, and each reads the other's. */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../../src/base/hex.ts';
import type { FileHashes } from '../../../src/contracts/piece-hashes.ts';
import { hashFile } from '../../../src/hashing/file-hashes.ts';
import { createHashPool } from '../../../src/hashing/hash-pool.ts';
import { planFileTorrent, planRepoTorrent, sealLayout } from '../../../src/metainfo/canonical.ts';
import { createTorrent } from '../../../src/metainfo/create-torrent.ts';
import { parseTorrent } from '../../../src/metainfo/parse-torrent.ts';
import { missing } from '../../support/peers.ts';
import { hasLibtorrent, PYTHON } from '../torrents/libtorrent.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const FORMS = ['hybrid', 'v1', 'v2'] as const;
const absent = missing(hasLibtorrent(), 'libtorrent', 'apt-get install python3-libtorrent');

interface Case {
  readonly name: string;
  readonly kind: 'file' | 'repo';
  readonly files: readonly { readonly path: string; readonly length: number }[];
}

const single = (length: number): Case => ({
  name: `f${length}`,
  kind: 'file',
  files: [{ path: `f${length}`, length }],
});
const repo = (name: string, files: Readonly<Record<string, number>>): Case => ({
  name,
  kind: 'repo',
  files: Object.entries(files).map(([path, length]) => ({ path, length })),
});
const named = (count: number, path: (index: number) => string, length: (index: number) => number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [path(index), length(index)]));

const CASES: readonly Case[] = [
  ...[0, 1, 16 * KIB - 1, 16 * KIB, 16 * KIB + 1, 32 * KIB, 48 * KIB + 5].map(single),
  ...[MIB - 1, MIB, MIB + 1, 2 * MIB - 1, 2 * MIB, 2 * MIB + 1, 3.5 * MIB, 5 * MIB + 12_345, 17 * MIB + 3].map(single),
  repo('empty-files', { 'a.txt': 0, 'b.bin': MIB + 1, 'c/d.txt': 0, 'z.txt': 0 }),
  repo('all-empty', { a: 0, b: 0 }),
  repo('one-file', { 'only.bin': 3 * MIB + 1 }),
  repo('one-file-of-a-piece', { 'only.bin': MIB }),
  repo('last-full', { 'a.bin': 5, 'b.bin': 2 * MIB }),
  repo('last-partial', { 'a.bin': 2 * MIB, 'b.bin': 5 }),
  repo('last-empty', { 'a.bin': 5, 'b.bin': 0 }),
  repo('order', { 'a-b': 1, 'a/z': 2, 'a/b/c': 3, 'a.b': 4, Z: 5, B: 6, c: 7, a0: 8 }),
  repo('unicode', { 'ünïcödé/日本語 😀.txt': 70_000, é: 1, 'e\u0301': 2, 'spaces and #%?&+': 3 }),
  repo('same-bytes', { 'a/x.bin': 0, 'b/x.bin': 0, 'c.bin': MIB + 1 }),
  repo('deep', { [`${'d/'.repeat(30)}f.bin`]: MIB + 7, 'd/e.bin': 3 }),
  repo(
    'many',
    named(
      200,
      (index) => `${index % 7}/file-${index}.txt`,
      (index) => (index * 977) % 50_000,
    ),
  ),
];

interface Answer {
  readonly refused?: string;
  readonly torrent: string;
  readonly info: string;
  readonly layers: Readonly<Record<string, string>>;
  readonly ours: {
    readonly infoHash: string | null;
    readonly infoHashV2: string | null;
    readonly files: readonly { readonly path: string; readonly length: number; readonly root: string }[];
  };
}

const pool = createHashPool();
let folder: string;

/** Writes the files of a case below a folder of its own, and hashes them. */
async function prepare({ name, kind, files }: Case, index: number): Promise<{ base: string; hashes: FileHashes[] }> {
  const base = join(folder, `${index}`);
  const root = kind === 'file' ? base : join(base, name);
  const hashes: FileHashes[] = [];
  for (const [file, { path, length }] of files.entries()) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    const bytes = Uint8Array.from({ length }, (_, at) => (at * 31 + file * 7 + (at >> 8)) & 255);
    await writeFile(join(root, path), bytes);
    hashes.push(await hashFile(pool, join(root, path), length, { pieceLengths: [MIB] }));
  }
  return { base, hashes };
}

function ourTorrent({ name, kind, files }: Case, form: (typeof FORMS)[number], hashes: readonly FileHashes[]) {
  const variant = form === 'hybrid' ? 'default' : form;
  try {
    const layout =
      kind === 'file' ? planFileTorrent(name, files[0]?.length ?? 0, variant) : planRepoTorrent(name, files, variant);
    const sealed = sealLayout(layout, (index) => hashes[index] ?? expect.fail('no such file'));
    return { ...sealed, bytes: createTorrent({ info: sealed.info, pieceLayers: sealed.pieceLayers }) };
  } catch {
    return undefined;
  }
}

describe.skipIf(absent)('the same files in libtorrent 2.0.8', () => {
  const table = CASES.flatMap((of) => FORMS.map((form) => ({ title: `${of.name} (${form})`, of, form })));
  const ours: ReturnType<typeof ourTorrent>[] = [];
  let answers: readonly Answer[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'modelswarm-test-'));
    const questions: object[] = [];
    for (const [index, of] of CASES.entries()) {
      const { base, hashes } = await prepare(of, index);
      for (const form of FORMS) {
        const made = ourTorrent(of, form, hashes);
        const torrent = made && join(base, `${form}.torrent`);
        if (made && torrent) await writeFile(torrent, made.bytes);
        ours.push(made);
        const files = of.files.map(({ path, length }) => ({
          path: of.kind === 'file' ? path : `${of.name}/${path}`,
          length,
        }));
        questions.push({ folder: base, form, files, pieceLength: MIB, torrent });
      }
    }
    const script = join(import.meta.dirname, 'python/libtorrent_torrents.py');
    const input = JSON.stringify(questions);
    const { stdout, stderr } = spawnSync(PYTHON, [script], { input, encoding: 'utf8', maxBuffer: 256 * MIB });
    expect(stderr).toBe('');
    answers = JSON.parse(stdout);
  });
  afterAll(async () => {
    await pool.close();
    await rm(folder, { recursive: true, force: true });
  });

  it.each(table.map((row, index) => ({ ...row, index })))('$title', ({ index, of, form }) => {
    const answer = answers[index] ?? expect.fail('no answer');
    const made = ours[index];
    if (answer.refused !== undefined || !made) {
      // Nothing to share: neither makes one.
      expect([of.files.every(({ length }) => length === 0), made, answer.refused]).toEqual([
        true,
        undefined,
        expect.any(String),
      ]);
      return;
    }
    expect(Buffer.from(made.info).toString('base64')).toBe(answer.info);
    expect(Object.fromEntries([...(made.pieceLayers ?? [])].map(([root, layer]) => [root, toHex(layer)]))).toEqual(
      answer.layers,
    );
    const [v1, v2] = [made.infoHash, made.infoHashV2].map((hash) => (hash ? toHex(hash) : null));
    expect([answer.ours.infoHash, answer.ours.infoHashV2]).toEqual([v1, v2]);
    const theirs = parseTorrent(new Uint8Array(Buffer.from(answer.torrent, 'base64')));
    const read = (hash: Uint8Array | undefined) => (hash ? toHex(hash) : null);
    expect([read(theirs.infoHash), read(theirs.infoHashV2)]).toEqual([v1, v2]);
    // A v2 torrent of one file that lies in no folder is a single file to libtorrent, whatever the torrent's name.
    const isFile = of.kind === 'file' || (form === 'v2' && of.files.length === 1);
    const prefix = isFile ? '' : `${of.name}/`;
    const files = theirs.files.filter(({ isPad }) => !isPad);
    expect(
      files.map(({ path, length, root }) => ({
        path: prefix + path,
        length,
        root: root ? toHex(root) : '0'.repeat(64),
      })),
    ).toEqual(answer.ours.files.map((file) => (form === 'v1' ? { ...file, root: '0'.repeat(64) } : file)));
  });
});
