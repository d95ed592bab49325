import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decode } from '../bencode/decode.ts';
import { encode } from '../bencode/encode.ts';
import type { PeerAddress } from '../contracts/connection.ts';
import { decodePexMessage, encodePexMessage } from './pex-message.ts';

const peers = (count: number, host: (index: number) => string): PeerAddress[] =>
  Array.from({ length: count }, (_, index) => ({ host: host(index), port: 6000 + index }));
const four = peers(3, (index) => `10.0.0.${index}`);
const six = peers(2, (index) => `fd00::${index + 1}`);

test('is read as it was written', () => {
  const message = { added: [...four, ...six], dropped: [...six, ...four] };
  const bytes = encodePexMessage(message, () => false);
  expect(decodePexMessage(bytes)).toEqual({ added: message.added, dropped: [...four, ...six] });
});

test('has one flag per peer, in the order of the peers, whatever has no place in it', () => {
  const strange = { host: 'peer-1', port: 1 };
  const added = [strange, ...six, ...four];
  const bytes = encodePexMessage({ added, dropped: [] }, ({ port }) => port === 6001 || port === 1);
  const root = decode(bytes);
  expect([...(root.get('added.f')?.bytes() ?? [])]).toEqual([0, 2, 0]);
  expect([...(root.get('added6.f')?.bytes() ?? [])]).toEqual([0, 2]);
  expect(root.get('added')?.bytes().length).toBe(18);
});

test('at most 200 peers are read of each list', () => {
  const many = peers(300, (index) => `10.0.${index >> 8}.${index & 255}`);
  const message = decodePexMessage(encodePexMessage({ added: many, dropped: many }, () => false));
  expect(message?.added.length).toBe(200);
  expect(message?.dropped.length).toBe(200);
});

test('lists of another kind are as good as empty', () => {
  const nobody = { added: [], dropped: [] };
  expect(decodePexMessage(encode({ added: 5, dropped: ['x'], added6: { a: 1 } }))).toEqual(nobody);
  expect(decodePexMessage(encode({}))).toEqual(nobody);
  expect(decodePexMessage(encode(['added']))).toBeUndefined();
});

test('random bytes are read without an exception', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ maxLength: 100 }), (bytes, list) => {
      decodePexMessage(bytes);
      expect(decodePexMessage(encode({ added: list, dropped6: list }))).toBeDefined();
    }),
  );
});
