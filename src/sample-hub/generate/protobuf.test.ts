import { expect, test } from 'vitest';
import { protobuf } from './protobuf.ts';

test('numbers, texts and messages are written as the encoding guide of protobuf shows', () => {
  expect([...protobuf([[1, 150]])]).toEqual([0x08, 0x96, 0x01]);
  expect([...protobuf([[2, 'testing']])]).toEqual([0x12, 0x07, ...new TextEncoder().encode('testing')]);
  expect([...protobuf([[3, protobuf([[1, 150]])]])]).toEqual([0x1a, 0x03, 0x08, 0x96, 0x01]);
  expect([...protobuf([[20, 2 ** 40]])]).toEqual([0xa0, 0x01, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20]);
});

test('what is no varint is refused', () => {
  for (const value of [-1, 0.5, 2 ** 60]) expect(() => protobuf([[1, value]])).toThrow(RangeError);
});
