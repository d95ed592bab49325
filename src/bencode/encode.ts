import { concat } from '../base/concat.ts';
import { compareBytes } from './byte-order.ts';

/** Bytes that are bencoded already, written as they are. */
export class RawBencode {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** A dictionary whose keys are bytes, in any order. */
export class BencodeEntries {
  readonly entries: readonly (readonly [key: Uint8Array, value: Encodable])[];

  constructor(entries: readonly (readonly [key: Uint8Array, value: Encodable])[]) {
    this.entries = entries;
  }
}

/** What can be bencoded. Texts are written as UTF-8; entries of an object that are undefined are left out. */
export type Encodable =
  | number
  | bigint
  | string
  | Uint8Array
  | RawBencode
  | BencodeEntries
  | readonly Encodable[]
  | { readonly [key: string]: Encodable | undefined };

/**
 * Bencodes a value (BEP 3), with the keys of dictionaries sorted.
 *
 * @throws RangeError for numbers that are no safe integers, and for keys that are repeated.
 */
export function encode(value: Encodable): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  write(value, parts);
  return concat(parts);
}

const encoder = new TextEncoder();
const END = encoder.encode('e');
const LIST = encoder.encode('l');
const DICTIONARY = encoder.encode('d');

function write(value: Encodable, parts: Uint8Array[]): void {
  if (typeof value === 'number' || typeof value === 'bigint') {
    if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new RangeError(`${value} cannot be bencoded`);
    parts.push(encoder.encode(`i${value === 0 ? 0 : value}e`));
  } else if (typeof value === 'string') writeBytes(encoder.encode(value), parts);
  else if (value instanceof Uint8Array) writeBytes(value, parts);
  else if (value instanceof RawBencode) parts.push(value.bytes);
  else if (value instanceof BencodeEntries) writeEntries(value.entries, parts);
  else if (isList(value)) {
    parts.push(LIST);
    for (const item of value) write(item, parts);
    parts.push(END);
  } else writeEntries(entriesOf(value), parts);
}

function writeBytes(bytes: Uint8Array, parts: Uint8Array[]): void {
  parts.push(encoder.encode(`${bytes.length}:`), bytes);
}

function writeEntries(entries: readonly (readonly [Uint8Array, Encodable])[], parts: Uint8Array[]): void {
  const sorted = [...entries].sort(([one], [other]) => compareBytes(one, other));
  parts.push(DICTIONARY);
  for (const [index, [key, value]] of sorted.entries()) {
    const before = sorted[index - 1];
    if (before && compareBytes(before[0], key) === 0) throw new RangeError('a key of a dictionary is repeated');
    writeBytes(key, parts);
    write(value, parts);
  }
  parts.push(END);
}

function entriesOf(value: { readonly [key: string]: Encodable | undefined }): [Uint8Array, Encodable][] {
  return Object.entries(value).flatMap(([key, item]): [Uint8Array, Encodable][] =>
    item === undefined ? [] : [[encoder.encode(key), item]],
  );
}

function isList(value: Encodable): value is readonly Encodable[] {
  return Array.isArray(value);
}
