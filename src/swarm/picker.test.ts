import { expect, test } from 'vitest';
import { Bitfield } from '../base/bitfield.ts';
import { Picker } from './picker.ts';

const all = (): boolean => true;

function pickerOf(pieceCount: number): Picker {
  const picker = new Picker({ pieceCount, random: () => 0.5 });
  for (let piece = 0; piece < pieceCount; piece++) picker.add(piece);
  return picker;
}

function fieldOf(size: number, ...pieces: number[]): Bitfield {
  const field = new Bitfield(size);
  for (const piece of pieces) field.add(piece);
  return field;
}

test('the rarest piece that the peer has comes first, and one that is begun is not offered again', () => {
  const picker = pickerOf(4);
  picker.peerHas(fieldOf(4, 0, 1, 2), 1);
  picker.peerHas(fieldOf(4, 0, 1), 1);
  picker.peerHas(fieldOf(4, 0), 1);
  const has = fieldOf(4, 0, 1, 2);
  const order = [];
  for (let piece = picker.pick(has, all); piece !== undefined; piece = picker.pick(has, all)) {
    order.push(piece);
    picker.remove(piece);
  }
  expect(order).toEqual([2, 1, 0]);
  expect(picker.candidates).toBe(1);
});

test('priorities come before rarity, 0 is not wanted, and what was not wanted can be wanted again', () => {
  const picker = pickerOf(3);
  picker.peerHas(fieldOf(3, 0, 1, 2), 1);
  picker.peerHas(fieldOf(3, 2), 1);
  picker.setPriority(2, 5);
  picker.setPriority(0, 0);
  expect(picker.pick(Bitfield.full(3), all)).toBe(2);
  expect(picker.isCandidate(0)).toBe(false);
  picker.add(0);
  expect(picker.isCandidate(0)).toBe(false);
  picker.setPriority(0, 9);
  picker.add(0);
  expect(picker.pick(Bitfield.full(3), all)).toBe(0);
});

test('in sequence when that is asked for', () => {
  const picker = pickerOf(3);
  picker.peerHas(fieldOf(3, 0), 1);
  picker.isSequential = true;
  expect(picker.pick(Bitfield.full(3), all)).toBe(0);
  expect(picker.firstCandidate((piece) => piece > 0)).toBe(1);
});

test('a peer that has got its last piece counts as a seed, and leaves no trace when it goes', () => {
  const picker = pickerOf(2);
  const pieces = fieldOf(2, 0);
  picker.peerHas(pieces, 1);
  pieces.add(1);
  picker.pieceSeen(1, 1);
  picker.becameSeed();
  expect([picker.availability(0), picker.availability(1)]).toEqual([1, 1]);
  picker.peerHas(pieces, -1);
  expect([picker.availability(0), picker.availability(1)]).toEqual([0, 0]);
});
