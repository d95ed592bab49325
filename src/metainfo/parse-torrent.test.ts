/** Each trap of BEP 52 that others fell into, and what strangers put into torrents. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { referenceNodes, referencePieces, referenceRoot } from '../../test/support/reference-hashes.ts';
import { BencodeEntries, type Encodable, encode, RawBencode } from '../bencode/encode.ts';
import { parseInfo } from './parse-info.ts';
import { parseTorrent } from './parse-torrent.ts';
import type { Torrent } from './torrent.ts';

type Fields = Readonly<Record<string, Encodable | undefined>>;

const KIB = 1024;
const PIECE = 32 * KIB;
const bytesOf = (length: number, seed = 0) =>
  Uint8Array.from({ length }, (_, index) => (index * 31 + seed + (index >> 8)) & 255);
const big = bytesOf(2.5 * PIECE);
const small = bytesOf(100, 7);
const root = (bytes: Uint8Array): Uint8Array => referenceRoot(bytes);
const leaf = (bytes: Uint8Array): Encodable => ({ '': { length: bytes.length, 'pieces root': root(bytes) } });
const bigLayers = new BencodeEntries([[root(big), referenceNodes(big, PIECE)]]);

const v1Info: Fields = {
  name: 'f',
  length: big.length,
  'piece length': PIECE,
  pieces: referencePieces(big, PIECE, false),
};
const v2Info: Fields = { name: 'f', 'piece length': PIECE, 'meta version': 2, 'file tree': { f: leaf(big) } };
const pad = (length: number): Encodable => ({ attr: 'p', length, path: ['.pad', String(length)] });
/** Two files; `tail`: is there a pad behind the last one? libtorrent writes one since 2.0.4, others do not. */
const hybridInfo = (tail: boolean): Fields => ({
  name: 'repo',
  'piece length': PIECE,
  files: [
    { length: big.length, path: ['a'] },
    pad(PIECE / 2),
    { length: small.length, path: ['b'] },
    ...(tail ? [pad(PIECE - small.length)] : []),
  ],
  pieces: Buffer.concat([referencePieces(big, PIECE, true), referencePieces(small, PIECE, tail)]),
  'meta version': 2,
  'file tree': { a: leaf(big), b: leaf(small) },
});

const torrent = (info: Fields, rest: Fields = {}): Uint8Array => encode({ ...rest, info: info as Encodable });
const parse = (info: Fields, rest?: Fields): Torrent => parseTorrent(torrent(info, rest));
const refused = (info: Fields, words: string, rest?: Fields, code = 'BAD_TORRENT'): void =>
  expect(() => parse(info, rest)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(words) }));

describe('a torrent is read', () => {
  test('of v1, v2 and both, with its hashes', () => {
    expect(parse(v1Info)).toMatchObject({ version: 'v1', isSingleFile: true, length: big.length, hasAllLayers: true });
    const v2 = parse(v2Info, { 'piece layers': bigLayers });
    expect(v2).toMatchObject({ version: 'v2', isSingleFile: true, hasAllLayers: true, infoHashV2: expect.anything() });
    expect(v2.infoHash).toBeUndefined();
    const hybrid = parse(hybridInfo(true), { 'piece layers': bigLayers });
    expect(hybrid).toMatchObject({ version: 'hybrid', isSingleFile: false, length: big.length + small.length });
    expect(hybrid.files.map(({ path, offset, isPad }) => [path, offset, isPad])).toEqual([
      ['a', 0, false],
      [`.pad/${PIECE / 2}`, big.length, true],
      ['b', 3 * PIECE, false],
      [`.pad/${PIECE - small.length}`, 3 * PIECE + small.length, true],
    ]);
  });

  test('with and without the pad behind the last file', () => {
    expect(parse(hybridInfo(false), { 'piece layers': bigLayers }).files).toHaveLength(3);
  });

  test('with hashes over the bytes as they came, keys that nobody knows and their order included', () => {
    const sorted = encode({ ...(v1Info as Record<string, Encodable>), x_cross_seed: 'abc' });
    const unsorted = Buffer.from(`d4:name1:f6:lengthi${big.length}e12:piece lengthi${PIECE}e6:pieces60:`, 'latin1');
    const info = Buffer.concat([unsorted, referencePieces(big, PIECE, false), Buffer.from('e')]);
    for (const raw of [sorted, info]) {
      const { infoHash } = parseTorrent(encode({ info: new RawBencode(raw) }));
      expect(Buffer.from(infoHash ?? [])).toEqual(createHash('sha1').update(raw).digest());
    }
  });

  test('with files of v2 each at the beginning of a piece', () => {
    const info = {
      ...v2Info,
      name: 'r',
      'file tree': { a: leaf(small), b: { c: leaf(big) }, d: { '': { length: 0 } }, e: leaf(small) },
    };
    expect(parse(info, { 'piece layers': bigLayers }).files.map(({ path, offset }) => [path, offset])).toEqual([
      ['a', 0],
      ['b/c', PIECE],
      ['d', 4 * PIECE],
      ['e', 4 * PIECE],
    ]);
  });

  test('with trackers, web seeds and what else stands around it', () => {
    const read = parse(v1Info, {
      announce: 'http://one/announce',
      'announce-list': [['http://a/announce', 'udp://b'], [], ['http://c']],
      'url-list': ['http://w/1', '', 'http://w/2'],
      httpseeds: ['http://h'],
      nodes: [['router.example', 6881]],
      comment: 'c',
      'created by': 'x',
      'creation date': 1_700_000_000,
      modelswarm: { repo: 'org/name', commit: 'c'.repeat(40), path: 'f' },
    });
    expect(read).toMatchObject({
      trackers: [['http://a/announce', 'udp://b'], ['http://c']],
      webSeeds: ['http://w/1', 'http://w/2'],
      httpSeeds: ['http://h'],
      nodes: [{ host: 'router.example', port: 6881 }],
      comment: 'c',
      createdBy: 'x',
      creationDate: 1_700_000_000,
      provenance: { repo: 'org/name', commit: 'c'.repeat(40), path: 'f' },
    });
    expect(parse(v1Info, { announce: 'http://one', 'url-list': 'http://w' })).toMatchObject({
      trackers: [['http://one']],
      webSeeds: ['http://w'],
    });
  });

  test('when what is only a hint is malformed: without it', () => {
    const rest = {
      announce: 5,
      'url-list': { a: 1 },
      nodes: ['x'],
      comment: [],
      'creation date': 'today',
      modelswarm: 7,
    };
    const read = parse(v1Info, rest);
    expect(read).toMatchObject({ trackers: [], webSeeds: [], nodes: [] });
    expect([read.comment, read.creationDate, read.provenance]).toEqual([undefined, undefined, undefined]);
  });

  test('as private only for 1 (BEP 27)', () => {
    const flags = [1, 0, 'yes', undefined].map((flag) => parse({ ...v1Info, private: flag }).isPrivate);
    expect(flags).toEqual([true, false, false, false]);
  });

  test('with links and executables (BEP 47), which links have no bytes', () => {
    const files = [
      { length: big.length, path: ['a'], attr: 'x' },
      { length: 0, path: ['l'], attr: 'l', 'symlink path': ['a'] },
    ];
    const read = parse({ ...v1Info, length: undefined, files });
    expect(read.files).toMatchObject([{ isExecutable: true }, { symlink: 'a', length: 0 }]);
  });
});

describe('piece layers', () => {
  test('may be missing: then they are to be asked for', () => {
    expect(parse(v2Info).hasAllLayers).toBe(false);
    expect(parseInfo(encode(v2Info as Encodable))).toMatchObject({ hasAllLayers: false, version: 'v2' });
  });

  test('are not there for a file of one piece', () => {
    const one = bytesOf(PIECE);
    const info = { ...v2Info, 'file tree': { f: leaf(one) } };
    expect(parse(info).hasAllLayers).toBe(true);
    const layers = new BencodeEntries([[root(one), referenceNodes(one, PIECE)]]);
    refused(info, 'layer for a file of a single piece', { 'piece layers': layers });
  });

  test('must lead to their root: they stand outside of what the info-hash covers', () => {
    const wrong = referenceNodes(big, PIECE);
    wrong[3] = (wrong[3] ?? 0) ^ 1;
    refused(v2Info, 'does not lead to its root', { 'piece layers': new BencodeEntries([[root(big), wrong]]) });
    // Raw zeros instead of the root of a subtree of zeros.
    const padded = Buffer.concat([referenceNodes(big, PIECE), Buffer.alloc(32)]);
    refused(v2Info, 'does not lead to its root', { 'piece layers': new BencodeEntries([[root(big), padded]]) });
  });

  test('of files that are not there are refused', () => {
    refused(v2Info, 'layer of a file that it does not have', {
      'piece layers': new BencodeEntries([[root(small), new Uint8Array(64)]]),
    });
  });
});

describe('a torrent is refused', () => {
  test.each<[string, Fields, string]>([
    ['of a later meta version, before anything else', { ...v2Info, 'meta version': 3, name: '..' }, 'version 3'],
    ['of v2 without a tree', { ...v2Info, 'file tree': undefined }, 'no file tree'],
    ['of v1 without pieces', { ...v1Info, pieces: undefined }, 'no pieces'],
    ['hybrid without pieces', { ...hybridInfo(true), pieces: undefined }, 'no pieces'],
    ['with too few pieces', { ...v1Info, pieces: new Uint8Array(40) }, '2 piece hashes and 3 pieces'],
    ['with half a piece hash', { ...v1Info, pieces: new Uint8Array(59) }, 'piece hashes'],
    ['with both length and files', { ...v1Info, files: [{ length: 1, path: ['a'] }] }, 'both'],
    ['with neither', { ...v1Info, length: undefined }, 'neither'],
    ['with no files', { ...v1Info, length: undefined, files: [] }, 'no files'],
    ['with no bytes', { ...v1Info, length: 0, pieces: '' }, 'no bytes'],
    ['with a negative length', { ...v1Info, length: -1 }, 'usable length'],
    ['with a piece length of 0', { ...v1Info, 'piece length': 0 }, 'piece length'],
    ['with a negative piece length', { ...v1Info, 'piece length': -5 }, 'piece length'],
    ['with a piece length of 4 GiB', { ...v1Info, 'piece length': 2 ** 32 }, 'piece length'],
    ['of v2 with a piece length that is no power of two', { ...v2Info, 'piece length': 48 * KIB }, 'power of two'],
    ['of v2 with pieces below 16 KiB', { ...v2Info, 'piece length': 8 * KIB }, 'power of two'],
    ['with a name that leads elsewhere', { ...v1Info, name: '..' }, 'name'],
    ['with a name with a slash', { ...v1Info, name: 'a/b' }, 'slash'],
    ['without a name', { ...v1Info, name: undefined }, 'name'],
    [
      'with a root that is no SHA-256',
      { ...v2Info, 'file tree': { f: { '': { length: 5, 'pieces root': 'x' } } } },
      'no SHA-256',
    ],
    ['with a file of v2 without a root', { ...v2Info, 'file tree': { f: { '': { length: 5 } } } }, 'no root'],
    [
      'with a file that is a folder too',
      { ...v2Info, 'file tree': { f: { '': { length: 0 }, g: leaf(small) } } },
      'folder too',
    ],
    ['with an empty tree', { ...v2Info, 'file tree': {} }, 'no files'],
    ['with a file tree that is no dictionary', { ...v2Info, 'file tree': [] }, 'expected a dictionary'],
    [
      'whose v1 side has another length',
      { ...hybridInfo(true), 'file tree': { a: leaf(small), b: leaf(small) } },
      'another file',
    ],
    [
      'whose v1 side has another name',
      { ...hybridInfo(true), 'file tree': { a: leaf(big), c: leaf(small) } },
      'another file',
    ],
    [
      'whose v2 side has a file more',
      { ...hybridInfo(true), 'file tree': { a: leaf(big), b: leaf(small), c: leaf(small) } },
      'other files',
    ],
  ])('%s', (_name, info, words) => refused(info, words));

  test.each(['..', '.', '', 'a/b', 'a\0b', 'x'.repeat(5000)])('with a path element %.10j, in v1 and v2', (element) => {
    refused({ ...v1Info, length: undefined, files: [{ length: big.length, path: ['ok', element] }] }, 'path that');
    if (element !== '') refused({ ...v2Info, 'file tree': { ok: { [element]: leaf(big) } } }, 'path that');
  });

  test('with the same path twice', () => {
    const files = [
      { length: big.length, path: ['a'] },
      { length: 0, path: ['a'] },
    ];
    refused({ ...v1Info, length: undefined, files }, 'twice');
  });

  test('hybrid, with a file in the middle of a piece', () => {
    const info = {
      ...hybridInfo(false),
      files: [
        { length: big.length, path: ['a'] },
        { length: small.length, path: ['b'] },
      ],
    };
    refused({ ...info, pieces: new Uint8Array(60) }, 'does not begin with a piece');
  });

  test('with names of v2 that are not sorted', () => {
    const tree = Buffer.concat([
      Buffer.from('d1:b'),
      encode(leaf(small)),
      Buffer.from('1:a'),
      encode(leaf(small)),
      Buffer.from('e'),
    ]);
    refused({ ...v2Info, 'file tree': new RawBencode(tree) }, 'not sorted');
  });

  test('beyond the limits that libtorrent has', () => {
    expect(() => parseTorrent(new Uint8Array(10_000_001))).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }));
    expect(() => parseTorrent(torrent(v1Info), { pieces: 2 })).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }));
    expect(() => parseInfo(encode(v1Info as Encodable), { infoBytes: 10 })).toThrow(
      expect.objectContaining({ code: 'TOO_LARGE' }),
    );
    const files = [
      { length: big.length, path: ['a'] },
      { length: 0, path: ['b'] },
    ];
    const many = torrent({ ...v1Info, length: undefined, files });
    expect(() => parseTorrent(many, { files: 1 })).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }));
    const endless = [
      { length: 2 ** 53 - 1, path: ['a'] },
      { length: 5, path: ['b'] },
    ];
    refused({ ...v1Info, length: undefined, files: endless }, '2^53');
  });

  test.each(['', 'i1e', 'de', 'd4:infoi1ee', 'd4:infodee', '<html>'])('when it is %j', (text) => {
    expect(() => parseTorrent(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'BAD_TORRENT' }));
  });
});
