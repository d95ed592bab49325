import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Encodable, encode } from '../bencode/encode.ts';
import { dhtMessageKind } from './dht-message.ts';

const id = new Uint8Array(20);
const kind = (message: Encodable) => dhtMessageKind(encode(message));
const query = (q: Encodable, a: Encodable) => kind({ t: 'aa', y: 'q', q, a });
const answer = (r: Encodable) => kind({ t: 'aa', y: 'r', r });

test('the messages of BEP 5', () => {
  expect(query('ping', { id })).toBe('query');
  expect(query('find_node', { id, target: id })).toBe('query');
  expect(query('get_peers', { id, info_hash: id, want: ['n4'], scrape: 1 })).toBe('query');
  expect(query('announce_peer', { id, info_hash: id, token: 'x', port: 1, implied_port: 0 })).toBe('query');
  expect(answer({ id, nodes: new Uint8Array(26), token: 'x', values: ['abcdef'] })).toBe('answer');
  expect(kind({ t: 'aa', y: 'e', e: [201, 'no'] })).toBe('answer');
});

test('others, and those that would deceive the library, are none', () => {
  expect(query('get', { id, target: id })).toBeUndefined();
  expect(query('put', { id, v: 'x', token: 'x' })).toBeUndefined();
  expect(query(5, { id })).toBeUndefined();
  expect(query('ping', 'x')).toBeUndefined();
  expect(query('ping', { id: 'short' })).toBeUndefined();
  expect(query('find_node', { id, target: 5 })).toBeUndefined();
  expect(query('get_peers', { id, info_hash: [] })).toBeUndefined();
  expect(query('announce_peer', { id, info_hash: id, token: 5, port: 1 })).toBeUndefined();
  expect(query('announce_peer', { id, info_hash: id, token: 'x', port: 'x' })).toBeUndefined();
  expect(answer({ id, values: 'x' })).toBeUndefined();
  expect(answer({ id, values: [5] })).toBeUndefined();
  expect(answer({ id, nodes: {} })).toBeUndefined();
  expect(kind({ y: 'q', q: 'ping', a: { id } })).toBeUndefined();
  expect(kind({ t: 'aa', y: 'e', e: 5 })).toBeUndefined();
  expect(kind([])).toBeUndefined();
  expect(kind({ t: 'aa', y: 'q', q: 'ping', a: { id, pad: new Uint8Array(5000) } })).toBeUndefined();
});

test('whatever comes, it is judged', () => {
  const value = fc.oneof(fc.integer(), fc.uint8Array({ maxLength: 30 }), fc.constant([]), fc.constant({ id }));
  const keys = fc.constantFrom('t', 'y', 'q', 'a', 'r', 'e', 'id', 'values', 'token');
  const dictionary = fc.dictionary(keys, fc.oneof(value, fc.constantFrom('q', 'r', 'e'), fc.dictionary(keys, value)));
  fc.assert(fc.property(dictionary, (message) => void kind(message as Encodable)));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void dhtMessageKind(bytes)));
});
