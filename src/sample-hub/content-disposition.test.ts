import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contentDisposition } from './content-disposition.ts';

test('the last segment is named twice: exactly, and for old clients', () => {
  expect(contentDisposition('a/config.json', 'inline')).toBe(
    `inline; filename*=UTF-8''config.json; filename="config.json";`,
  );
  expect(contentDisposition('日本 "x"\\.txt', 'attachment')).toBe(
    `attachment; filename*=UTF-8''%E6%97%A5%E6%9C%AC%20%22x%22%5C.txt; filename="?? \\"x\\"\\\\.txt";`,
  );
});

test('any file name gives a header that can be sent, and comes back whole', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), (name) => {
      const header = contentDisposition(name.replaceAll('/', '_'), 'inline');
      expect(header).toMatch(/^[\x20-\x7e]+$/);
      const encoded = /filename\*=UTF-8''([^;]+);/.exec(header)?.[1] ?? '';
      expect(decodeURIComponent(encoded)).toBe(name.replaceAll('/', '_'));
    }),
  );
});
