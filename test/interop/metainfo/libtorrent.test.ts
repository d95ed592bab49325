/** Our torrents and libtorrent's of the same files are the same, byte for byte, and each reads the other's. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../../src/base/hex.ts';
import type { FileHashes } from '../../../src/contracts/piece-hashes.ts';
import { hashFile } from '../../../src/hashing/file-hashes.ts';
import { createHashPool } from '../../../src/hashing/hash-pool.ts';
import { createTorrent } from '../../../src/metainfo/create-torrent.ts';
import {
  type CanonicalLayout,
  parseTorrent,
  planFileTorrent,
  planRepoTorrent,
  sealLayout,
} from '../../../src/metainfo/index.ts';
import { missing } from '../../support/peers.ts';
import { hasLibtorrent } from '../torrents/libtorrent.ts';
import { type Answer, askLibtorrent } from './ask-libtorrent.ts';
import { bytesOf, CASES, type Case, FORMS, type Form, MIB } from './cases.ts';

const absent = missing(hasLibtorrent(), 'libtorrent', 'apt-get install python3-libtorrent');
const NO_ROOT = '0'.repeat(64);

const pool = createHashPool();
let folder: string;

/** Writes the files of a case below a folder of its own, and hashes them. */
async function prepare({ name, kind, files, pieceLength }: Case, index: number) {
  const base = join(folder, `${index}`);
  const root = kind === 'file' ? base : join(base, name);
  const hashes: FileHashes[] = [];
  for (const [file, { path, length }] of files.entries()) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), bytesOf(file, length));
    hashes.push(await hashFile(pool, join(root, path), length, { pieceLengths: [...new Set([MIB, pieceLength])] }));
  }
  return { base, hashes };
}

/** Of so few bytes a canonical torrent always has pieces of 1 MiB. */
function withPieces(layout: CanonicalLayout, pieceLength: number): CanonicalLayout {
  if (pieceLength === layout.pieceLength) return layout;
  const isPadded = layout.version !== 'v2' && layout.files.length > 1;
  const padAfter = (length: number) => (isPadded ? (pieceLength - (length % pieceLength)) % pieceLength : 0);
  return { ...layout, pieceLength, files: layout.files.map((file) => ({ ...file, padAfter: padAfter(file.length) })) };
}

function planned({ name, kind, files, pieceLength }: Case, form: Form): CanonicalLayout {
  const variant = form === 'hybrid' ? 'default' : form;
  const layout =
    kind === 'file' ? planFileTorrent(name, files[0]?.length ?? 0, variant) : planRepoTorrent(name, files, variant);
  return withPieces(layout, pieceLength);
}

const isEmpty = ({ files }: Case): boolean => files.every(({ length }) => length === 0);

function ourTorrent(of: Case, form: Form, hashes: readonly FileHashes[]) {
  const sealed = sealLayout(planned(of, form), (index) => hashes[index] ?? expect.fail('no such file'));
  return { ...sealed, bytes: createTorrent({ info: sealed.info, pieceLayers: sealed.pieceLayers }) };
}

const hex = (hash: Uint8Array | undefined): string | null => (hash ? toHex(hash) : null);
const hexLayers = (layers: ReadonlyMap<string, Uint8Array> = new Map()): Record<string, string> =>
  Object.fromEntries([...layers].map(([root, layer]) => [root, toHex(layer)]));

describe.skipIf(absent)('the same files in libtorrent 2.0.8', () => {
  const table = CASES.flatMap((of) => FORMS.map((form) => ({ title: `${of.title}, ${form}`, of, form }))).map(
    (row, index) => ({ ...row, index }),
  );
  const ours: (ReturnType<typeof ourTorrent> | undefined)[] = [];
  let answers: readonly Answer[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'modelswarm-test-'));
    const questions: object[] = [];
    for (const [index, of] of CASES.entries()) {
      const { base, hashes } = await prepare(of, index);
      for (const form of FORMS) {
        const made = isEmpty(of) ? undefined : ourTorrent(of, form, hashes);
        const torrent = made ? join(base, `${form}.torrent`) : null;
        if (made && torrent) await writeFile(torrent, made.bytes);
        ours.push(made);
        const files = of.files.map(({ path, length }) => ({
          path: of.kind === 'file' ? path : `${of.name}/${path}`,
          length,
        }));
        questions.push({ folder: base, form, files, pieceLength: of.pieceLength, torrent });
      }
    }
    answers = askLibtorrent(questions);
  });
  afterAll(async () => {
    await pool.close();
    await rm(folder, { recursive: true, force: true });
  });

  const find = (index: number) => {
    const { ours: read, theirs } = answers[index] ?? expect.fail('no answer');
    const made = ours[index] ?? expect.fail('no torrent of ours');
    if ('refused' in theirs) expect.fail(`libtorrent makes no torrent: ${theirs.refused}`);
    if (!read || 'refused' in read) expect.fail(`libtorrent does not read our torrent: ${read?.refused}`);
    return { made, theirs, read };
  };
  const some = table.filter(({ of }) => !isEmpty(of));
  const none = table.filter(({ of }) => isEmpty(of));

  it.each(some)('make the same torrent: $title', ({ index, of, form }) => {
    const { made, theirs } = find(index);
    expect(Buffer.from(made.info).toString('latin1')).toBe(Buffer.from(theirs.info, 'base64').toString('latin1'));
    expect(made.layout.version).toBe(form);
    expect(hexLayers(made.pieceLayers)).toEqual(theirs.layers);
    if (of.expected) {
      const hashes = { infoHash: hex(made.infoHash), infoHashV2: hex(made.infoHashV2) };
      expect(hashes).toEqual(of.expected[form]);
    }
  });

  it.each(some)('make a torrent that libtorrent reads as we mean it: $title', ({ index, of, form }) => {
    const { made, read } = find(index);
    const { infoHash, infoHashV2, pieceLength, layers, files } = read;
    expect([infoHash, infoHashV2, pieceLength]).toEqual([hex(made.infoHash), hex(made.infoHashV2), of.pieceLength]);
    expect(layers).toEqual(hexLayers(made.pieceLayers));
    const parsed = parseTorrent(made.bytes);
    // A v2 torrent of one file that lies in no folder is a single file to libtorrent, whatever the torrent's name.
    const isFile = of.kind === 'file' || (form === 'v2' && of.files.length === 1 && !of.files[0]?.path.includes('/'));
    expect(files).toEqual(
      parsed.files
        .filter(({ isPad }) => !isPad)
        .map(({ path, length, offset, root }) => ({
          path: isFile ? path : `${of.name}/${path}`,
          length,
          offset,
          root: hex(root) ?? NO_ROOT,
        })),
    );
  });

  it.each(some)('make a torrent of libtorrent that we read as it means it: $title', ({ index, of, form }) => {
    const { theirs, read } = find(index);
    const parsed = parseTorrent(new Uint8Array(Buffer.from(theirs.torrent, 'base64')));
    expect([hex(parsed.infoHash), hex(parsed.infoHashV2)]).toEqual([read.infoHash, read.infoHashV2]);
    expect([parsed.version, parsed.pieceLength, parsed.hasAllLayers]).toEqual([form, of.pieceLength, true]);
    expect(hexLayers(parsed.pieceLayers)).toEqual(theirs.layers);
    const sorted = (files: readonly { readonly path: string; readonly length: number }[]) =>
      files.map(({ path, length }) => `${path} ${length}`).sort();
    expect(sorted(parsed.files.filter(({ isPad }) => !isPad))).toEqual(sorted(of.files));
  });

  it.each(none)('are too few for a torrent, ours or theirs: $title', ({ index, of, form }) => {
    expect(() => planned(of, form)).toThrow(expect.objectContaining({ code: 'BAD_TORRENT' }));
    expect(answers[index]?.theirs).toEqual({ refused: expect.any(String) });
  });
});
