import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatClean, formatHeader, formatRecords, parseJournal } from './part-journal.ts';

const header = { format: 1, content: 'lfs:aa:100', size: 100, source: 'org/model@main/file' } as const;
const records = [
  { start: 0, end: 10, crc: 0xdeadbeef },
  { start: 20, end: 100, crc: 1 },
];

describe('the journal of a part file', () => {
  test('gives back what was written', () => {
    const text = formatHeader(header) + formatRecords(records);
    expect(parseJournal(text)).toEqual({ header, records, clean: false, validLength: text.length });
  });

  test('says clean only when the mark is the last line, and leaves the mark out of the valid part', () => {
    const text = formatHeader(header) + formatRecords(records);
    expect(parseJournal(text + formatClean())).toMatchObject({ clean: true, validLength: text.length });
    expect(parseJournal(`${text}${formatClean()}0 1 0\n`)).toMatchObject({ clean: false, validLength: text.length });
  });

  test('keeps the whole lines before any torn tail', () => {
    const text = formatHeader(header) + formatRecords(records);
    const firstRecordEnd = formatHeader(header).length + formatRecords(records.slice(0, 1)).length;
    for (let cut = firstRecordEnd; cut < text.length; cut++) {
      expect(parseJournal(text.slice(0, cut))?.records).toEqual(records.slice(0, 1));
    }
  });

  test('stops at a span that lies outside of the file', () => {
    expect(parseJournal(`${formatHeader(header)}90 101 0\n0 5 0\n`)?.records).toEqual([]);
  });

  test('never throws, whatever the file holds', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), fc.boolean(), (text, withHeader) => {
        const parsed = parseJournal((withHeader ? formatHeader(header) : '') + text);
        for (const record of parsed?.records ?? []) expect(record.end).toBeLessThanOrEqual(header.size);
      }),
    );
  });
});
