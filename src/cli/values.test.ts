import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exactSize, formatSize, parseByteRate, parseDuration, parseEventRate, parseSize } from './values.ts';

test('sizes have decimal and binary units', () => {
  expect(parseSize('200GB')).toBe(200e9);
  expect(parseSize('10GiB')).toBe(10 * 2 ** 30);
  expect(parseSize('1.5 tb')).toBe(1.5e12);
  expect(parseSize('1048576')).toBe(1_048_576);
  expect(parseSize('0')).toBe(0);
});

test('what is not a size is not guessed at', () => {
  for (const wrong of ['', 'GB', '-1GB', '10 potatoes', '1e9', '0x10', '10GB/s', '99999999PB', 'NaN', '1.2.3MB']) {
    expect(parseSize(wrong), wrong).toBeUndefined();
  }
});

test('rates are bytes per second and never zero', () => {
  expect(parseByteRate('50MB/s')).toBe(50e6);
  expect(parseByteRate('50MB')).toBe(50e6);
  expect(parseByteRate('0')).toBeUndefined();
  expect(parseByteRate('50MB/m')).toBeUndefined();
});

test('durations need a unit', () => {
  expect(parseDuration('60s')).toBe(60_000);
  expect(parseDuration('250ms')).toBe(250);
  expect(parseDuration('1.5h')).toBe(5_400_000);
  expect(parseDuration('0')).toBe(0);
  expect(parseDuration('60')).toBeUndefined();
});

test('request rates count per second, minute or hour', () => {
  expect(parseEventRate('20/s')).toBe(20);
  expect(parseEventRate('600/m')).toBe(10);
  expect(parseEventRate('0/s')).toBeUndefined();
  expect(parseEventRate('20')).toBeUndefined();
});

test('sizes are printed in the unit that fits', () => {
  expect(formatSize(0)).toBe('0 B');
  expect(formatSize(999)).toBe('999 B');
  expect(formatSize(1500)).toBe('1.50 kB');
  expect(formatSize(999_600)).toBe('1.00 MB');
  expect(formatSize(123_456_789)).toBe('123 MB');
});

test('a size that is printed exactly is read back as the same', () => {
  expect(exactSize(2e9)).toBe('2GB');
  expect(exactSize(10 * 2 ** 30)).toBe('10GiB');
  fc.assert(fc.property(fc.nat({ max: 999_999_999_999_999 }), (bytes) => parseSize(exactSize(bytes)) === bytes));
});

test('no text makes a parser throw or give something that is not a safe number', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{1,20}(\.\d+)?[a-zA-Z/]{0,4}$/)), (text) => {
      for (const parse of [parseSize, parseByteRate, parseDuration]) {
        const value = parse(text);
        expect(value === undefined || (Number.isSafeInteger(value) && value >= 0)).toBe(true);
      }
      const events = parseEventRate(text);
      expect(events === undefined || (events > 0 && Number.isFinite(events))).toBe(true);
    }),
  );
});
