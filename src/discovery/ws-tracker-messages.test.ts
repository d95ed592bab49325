import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeWsAnnounce, encodeWsAnswer, parseWsTrackerMessage } from './ws-tracker-messages.ts';

const ID = '\0\x01\xffabcdefghijklmnopq';
const offer = { type: 'offer', sdp: 'v=0' };

test('announces and answers are as WebTorrent has them', () => {
  const id = Uint8Array.from(ID, (character) => character.charCodeAt(0));
  const stats = { uploaded: 1, downloaded: 2, left: 3 };
  const description = { type: 'offer', sdp: 'v=0' } as const;
  const announce = encodeWsAnnounce({
    infoHash: id,
    peerId: id,
    stats,
    event: 'started',
    offers: [{ offerId: ID, description }],
  });
  expect(JSON.parse(announce)).toEqual({
    ...{ action: 'announce', info_hash: ID, peer_id: ID, ...stats, event: 'started', numwant: 1 },
    offers: [{ offer_id: ID, offer }],
  });
  const answer = encodeWsAnswer(id, id, { toPeerId: ID, offerId: ID, description: { type: 'answer', sdp: 's' } });
  expect(JSON.parse(answer)).toEqual({
    ...{ action: 'announce', info_hash: ID, peer_id: ID, to_peer_id: ID, offer_id: ID },
    answer: { type: 'answer', sdp: 's' },
  });
});

test.each([
  [
    { interval: 120, complete: 1, incomplete: 2 },
    { kind: 'answered', interval: 120, seeds: 1, leechers: 2, introduced: undefined },
  ],
  [
    { interval: -1, complete: '1', introduced: 3 },
    { kind: 'answered', interval: undefined, seeds: undefined, leechers: undefined, introduced: 3 },
  ],
  [{ 'failure reason': 'no' }, { kind: 'failed', reason: 'no' }],
  [
    { peer_id: ID, offer_id: ID, offer },
    { kind: 'offer', peerId: ID, offerId: ID, description: offer },
  ],
])('%j is understood', (fields, expected) => {
  const text = JSON.stringify({ action: 'announce', info_hash: ID, ...fields });
  expect(parseWsTrackerMessage(text)).toEqual({ infoHash: ID, ...expected });
});

test.each([
  { info_hash: 'short' },
  { action: 'scrape' },
  { peer_id: ID, offer_id: 'x', offer },
  { peer_id: `${ID.slice(1)}\u{100}`, offer_id: ID, offer },
  { peer_id: ID, offer_id: ID, offer: { type: 'answer', sdp: 'v=0' } },
  { peer_id: ID, offer_id: ID, offer: { type: 'offer', sdp: 1 } },
])('%j is not', (fields) => {
  expect(parseWsTrackerMessage(JSON.stringify({ action: 'announce', info_hash: ID, ...fields }))).toBeUndefined();
});

test('whatever a tracker sends is read without an error', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.object().map((value) => JSON.stringify({ action: 'announce', info_hash: ID, ...value })),
      ),
      (text) => {
        parseWsTrackerMessage(text);
      },
    ),
  );
});
