import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Bitfield } from './bitfield.ts';

test('holds what was put in and not taken out, and counts it', () => {
  const operations = fc.array(fc.tuple(fc.boolean(), fc.nat(80)), { maxLength: 60 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 70 }), operations, (size, list) => {
      const field = new Bitfield(size);
      const model = new Set<number>();
      for (const [isAdded, index] of list) {
        const changes = index < size && model.has(index) !== isAdded;
        expect(isAdded ? field.add(index) : field.delete(index)).toBe(changes);
        if (changes && isAdded) model.add(index);
        if (changes && !isAdded) model.delete(index);
      }
      expect([field.count, field.isFull]).toEqual([model.size, model.size === size]);
      for (let index = 0; index < size; index++) expect(field.has(index)).toBe(model.has(index));
      expect(Bitfield.from(field.bytes, size)?.count).toBe(model.size);
    }),
  );
});

test('has the highest bit first, as BEP 3 has it', () => {
  const field = new Bitfield(10);
  field.add(0);
  field.add(9);
  expect([...field.bytes]).toEqual([0x80, 0x40]);
  expect([...Bitfield.full(10).bytes]).toEqual([0xff, 0xc0]);
  expect(Bitfield.full(16).isFull).toBe(true);
});

test('refuses bytes of another length, and bits beyond the end', () => {
  expect(Bitfield.from(Uint8Array.of(0xff), 9)).toBeUndefined();
  expect(Bitfield.from(Uint8Array.of(0xff, 0x80, 0), 9)).toBeUndefined();
  expect(Bitfield.from(Uint8Array.of(0xff, 0xc0), 9)).toBeUndefined();
  expect(Bitfield.from(Uint8Array.of(0xff, 0x80), 9)?.isFull).toBe(true);
});
