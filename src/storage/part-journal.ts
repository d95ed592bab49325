/**
 * The text format of a part file's journal: line 1 is a JSON header, then one line `start end crc32` per flushed span,
 * and `clean` as the last line after an orderly stop. Lines are only ever appended, so a crash can only lose or tear
 * the tail; parsing stops at the first line that is not whole.
 */

/** A flushed span and the CRC-32 of its bytes. */
export interface JournalRecord {
  readonly start: number;
  readonly end: number;
  readonly crc: number;
}

/** What the journal is about. `source` is free text for people (`org/model@commit/path`). */
export interface JournalHeader {
  readonly format: 1;
  readonly content: string;
  readonly size: number;
  readonly source: string;
}

export interface Journal {
  readonly header: JournalHeader;
  readonly records: readonly JournalRecord[];
  readonly clean: boolean;
  /** Bytes of `text` that were whole; what follows must be cut off before anything is appended. */
  readonly validLength: number;
}

const CLEAN_LINE = 'clean\n';

/** The first line of a new journal. */
export const formatHeader = (header: JournalHeader): string => `${JSON.stringify(header)}\n`;

/** One line per record. */
export const formatRecords = (records: readonly JournalRecord[]): string =>
  records.map((record) => `${record.start} ${record.end} ${record.crc.toString(16)}\n`).join('');

/** The mark of an orderly stop. */
export const formatClean = (): string => CLEAN_LINE;

/** Reads a journal; undefined when not even the header is whole. Spans outside of the file end the reading. */
export function parseJournal(text: string): Journal | undefined {
  const headerEnd = text.indexOf('\n');
  if (headerEnd < 0) return undefined;
  const header = parseHeader(text.slice(0, headerEnd));
  if (!header) return undefined;
  const records: JournalRecord[] = [];
  let clean = false;
  let validLength = headerEnd + 1;
  while (validLength < text.length) {
    const lineEnd = text.indexOf('\n', validLength);
    if (lineEnd < 0) break;
    const line = text.slice(validLength, lineEnd + 1);
    if (line === CLEAN_LINE) {
      // Only the last line counts as clean; the mark is cut off, so that the next crash is seen as one.
      clean = lineEnd + 1 === text.length;
      break;
    }
    const record = parseRecord(line, header.size);
    if (!record) break;
    records.push(record);
    validLength = lineEnd + 1;
  }
  return { header, records, clean, validLength };
}

function parseHeader(line: string): JournalHeader | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null) return undefined;
    const { format, content, size, source } = value as Record<string, unknown>;
    if (format !== 1 || typeof content !== 'string' || typeof source !== 'string') return undefined;
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return undefined;
    return { format, content, size, source };
  } catch {
    return undefined;
  }
}

function parseRecord(line: string, size: number): JournalRecord | undefined {
  const match = /^(\d{1,16}) (\d{1,16}) ([0-9a-f]{1,8})\n$/.exec(line);
  if (!match) return undefined;
  const record = { start: Number(match[1]), end: Number(match[2]), crc: Number.parseInt(match[3] ?? '', 16) };
  return record.start < record.end && record.end <= size ? record : undefined;
}
