import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { systemClock } from '../base/system-clock.ts';
import { decodeMetadataMessage, encodeMetadataMessage, METADATA_PIECE_BYTES } from '../wire/metadata-message.ts';
import { answerMetadataRequest, MetadataDownload } from './metadata-exchange.ts';
import type { Peer } from './peer.ts';

const info = Uint8Array.from({ length: 2 * METADATA_PIECE_BYTES + 77 }, (_, index) => index & 255);
const names = { infoHash: createHash('sha1').update(info).digest(), infoHashV2: undefined };

/** A peer that keeps what it is sent. */
function peerOf(metadataSize: number | undefined): { peer: Peer; sent: Uint8Array[] } {
  const sent: Uint8Array[] = [];
  const extensions = metadataSize === undefined ? undefined : { messages: new Map(), metadataSize };
  const peer = { extensions, sendExtended: (_name: string, payload: Uint8Array) => sent.push(payload) };
  return { peer: peer as unknown as Peer, sent };
}

/** Lets a peer that has `metadata` answer everything that it was asked. */
function answerAll(download: MetadataDownload, asked: ReturnType<typeof peerOf>, metadata: Uint8Array): boolean[] {
  return asked.sent.splice(0).map((request) => {
    const seed = peerOf(undefined);
    answerMetadataRequest(seed.peer, request, metadata);
    return download.take(asked.peer, seed.sent[0] ?? new Uint8Array(0));
  });
}

test('metadata comes in pieces, and is believed when its hash is right', () => {
  let found: Uint8Array | undefined;
  const download = new MetadataDownload(names, systemClock, (bytes) => (found = bytes));
  const asked = peerOf(info.length);
  download.ask(asked.peer);
  expect(asked.sent).toHaveLength(3);
  expect(answerAll(download, asked, info)).toEqual([true, true, true]);
  expect(found).toEqual(info);
});

test('a peer that sends other metadata is found out, and another one is believed', () => {
  let found: Uint8Array | undefined;
  const download = new MetadataDownload(names, systemClock, (bytes) => (found = bytes));
  const [liar, honest] = [peerOf(info.length), peerOf(info.length)];
  for (const { peer } of [liar, honest]) download.ask(peer);
  const wrong = info.slice();
  wrong[5] = 0;
  expect(answerAll(download, liar, wrong)).toEqual([true, true, false]);
  expect(found).toBeUndefined();
  answerAll(download, honest, info);
  expect(found).toEqual(info);
});

test('pieces of another length, and none that was asked for, are noticed', () => {
  const download = new MetadataDownload(names, systemClock, () => expect.fail('it was believed'));
  const asked = peerOf(info.length);
  download.ask(asked.peer);
  const short = encodeMetadataMessage({ kind: 'data', piece: 0, totalSize: info.length, bytes: info.subarray(0, 9) });
  expect(download.take(asked.peer, short)).toBe(false);
  const beyond = encodeMetadataMessage({ kind: 'data', piece: 3, totalSize: info.length, bytes: info.subarray(0, 9) });
  expect(download.take(asked.peer, beyond)).toBe(false);
});

test('who does not know the size is not asked, and who has nothing rejects', () => {
  const download = new MetadataDownload(names, systemClock, () => expect.fail('it was believed'));
  const silent = peerOf(undefined);
  download.ask(silent.peer);
  expect(silent.sent).toEqual([]);
  const seed = peerOf(undefined);
  answerMetadataRequest(seed.peer, encodeMetadataMessage({ kind: 'request', piece: 0 }), undefined);
  expect(decodeMetadataMessage(seed.sent[0] ?? new Uint8Array(0))).toEqual({ kind: 'reject', piece: 0 });
});
