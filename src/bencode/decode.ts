import { bencodeError } from './bencode-error.ts';
import { compareBytes } from './byte-order.ts';
import { BencodeNode } from './node.ts';
import { TokenTable } from './token-table.ts';

const CODE_0 = 0x30;
const CODE_9 = 0x39;
const COLON = 0x3a;
const MINUS = 0x2d;
const CODE_D = 0x64;
const CODE_E = 0x65;
const CODE_I = 0x69;
const CODE_L = 0x6c;
/** Digits of a 64-bit integer, its sign included. */
const LONGEST_INTEGER = 20;

export interface DecodeOptions {
  /** Lists and dictionaries inside one another. Default 100. */
  readonly maxDepth?: number;
  /** Values, keys included. Default 3,000,000. */
  readonly maxTokens?: number;
  /** Some programs write dictionaries whose keys are not sorted. Default `reject`. Duplicate keys are always refused. */
  readonly unsortedKeys?: 'reject' | 'accept';
}

/**
 * Decodes one bencoded value (BEP 3) that is all of `bytes`. Nothing is copied: the nodes are views of `bytes`, which must not change.
 *
 * @throws SwarmError BAD_TORRENT with the offset: not canonical (leading zeros, -0, unsorted or repeated keys), cut off, something behind
 * it, or beyond the limits.
 */
export function decode(bytes: Uint8Array, options: DecodeOptions = {}): BencodeNode {
  const { node, length } = decodePrefix(bytes, options);
  if (length !== bytes.length) throw bencodeError(length, 'something comes after the end');
  return node;
}

/** The same for a value with other bytes behind it; `length` says how many it has. */
export function decodePrefix(
  bytes: Uint8Array,
  options: DecodeOptions = {},
): { readonly node: BencodeNode; readonly length: number } {
  const tokens = new TokenTable();
  const length = new Decoder(bytes, tokens, options).run();
  return { node: new BencodeNode(bytes, tokens, 0), length };
}

/** A list or dictionary that has begun. */
interface Open {
  readonly token: number;
  readonly isDictionary: boolean;
  /** The last key: the next one must be greater. Undefined before the first one. */
  key: Uint8Array | undefined;
  /** Of a dictionary: a value comes next. */
  wantsValue: boolean;
  /** Keys came out of order (only where that is accepted): then duplicates are looked for at the end. */
  unsorted: boolean;
}

class Decoder {
  readonly #bytes: Uint8Array;
  readonly #tokens: TokenTable;
  readonly #maxDepth: number;
  readonly #maxTokens: number;
  readonly #acceptsUnsorted: boolean;
  readonly #open: Open[] = [];
  #position = 0;

  constructor(bytes: Uint8Array, tokens: TokenTable, options: DecodeOptions) {
    this.#bytes = bytes;
    this.#tokens = tokens;
    this.#maxDepth = options.maxDepth ?? 100;
    this.#maxTokens = options.maxTokens ?? 3_000_000;
    this.#acceptsUnsorted = options.unsortedKeys === 'accept';
  }

  /** Fills the table; returns where the value ends. */
  run(): number {
    do this.#step();
    while (this.#open.length > 0);
    return this.#position;
  }

  #step(): void {
    const start = this.#position;
    const code = this.#bytes[start];
    const parent = this.#open.at(-1);
    if (code === undefined) throw bencodeError(start, 'it is cut off');
    if (code === CODE_E && parent) {
      this.#close(parent);
      return;
    }
    if (this.#tokens.count >= this.#maxTokens) throw bencodeError(start, `more than ${this.#maxTokens} values`);
    const isKey = parent?.isDictionary === true && !parent.wantsValue;
    if (code >= CODE_0 && code <= CODE_9) {
      const content = this.#string();
      if (parent && isKey) this.#checkKey(parent, content, start);
    } else if (isKey) throw bencodeError(start, 'a key is no byte string');
    else if (code === CODE_I) this.#integer();
    else if (code === CODE_L || code === CODE_D) this.#begin(code === CODE_D);
    else throw bencodeError(start, 'no value begins with this byte');
    if (parent?.isDictionary) parent.wantsValue = isKey;
  }

  #begin(isDictionary: boolean): void {
    if (this.#open.length >= this.#maxDepth) throw bencodeError(this.#position, `deeper than ${this.#maxDepth} levels`);
    const token = this.#tokens.begin(this.#position);
    this.#position += 1;
    this.#open.push({ token, isDictionary, key: undefined, wantsValue: false, unsorted: false });
  }

  #close(open: Open): void {
    if (open.isDictionary && open.wantsValue) throw bencodeError(this.#position, 'a key has no value');
    this.#position += 1;
    this.#tokens.end(open.token, this.#position);
    this.#open.pop();
    if (open.unsorted) this.#refuseDuplicates(open);
  }

  #integer(): void {
    const start = this.#position;
    const isNegative = this.#bytes[start + 1] === MINUS;
    const first = start + (isNegative ? 2 : 1);
    let end = first;
    while (isDigit(this.#bytes[end])) end += 1;
    if (end === first || this.#bytes[end] !== CODE_E) throw bencodeError(start, 'an integer is malformed');
    const leadingZero = this.#bytes[first] === CODE_0 && (end - first > 1 || isNegative);
    if (leadingZero) throw bencodeError(start, 'an integer begins with zero');
    if (end - start - 1 > LONGEST_INTEGER) throw bencodeError(start, 'an integer has too many digits');
    this.#add(start, end + 1);
  }

  #string(): Uint8Array {
    const start = this.#position;
    let end = start;
    let length = 0;
    while (isDigit(this.#bytes[end])) {
      length = length * 10 + (this.#bytes[end] ?? 0) - CODE_0;
      end += 1;
      // Also keeps the number exact.
      if (length > this.#bytes.length) throw bencodeError(start, 'a byte string is longer than the text');
    }
    if (this.#bytes[end] !== COLON) throw bencodeError(start, 'the length of a byte string is malformed');
    if (this.#bytes[start] === CODE_0 && end - start > 1) throw bencodeError(start, 'a length begins with zero');
    const content = end + 1;
    if (content + length > this.#bytes.length) throw bencodeError(start, 'a byte string is cut off');
    this.#add(start, content + length);
    return this.#bytes.subarray(content, content + length);
  }

  #add(start: number, end: number): void {
    this.#tokens.end(this.#tokens.begin(start), end);
    this.#position = end;
  }

  #checkKey(parent: Open, key: Uint8Array, offset: number): void {
    const order = parent.key === undefined ? -1 : compareBytes(parent.key, key);
    if (order === 0) throw bencodeError(offset, 'a key is repeated');
    if (order > 0) {
      if (!this.#acceptsUnsorted) throw bencodeError(offset, 'a key is out of order');
      parent.unsorted = true;
    }
    parent.key = key;
  }

  #refuseDuplicates({ token }: Open): void {
    const keys = [...new BencodeNode(this.#bytes, this.#tokens, token).entries()]
      .map(([key]) => key)
      .sort(compareBytes);
    const repeated = keys.findIndex((key, index) => index > 0 && compareBytes(keys[index - 1] ?? key, key) === 0);
    if (repeated !== -1) throw bencodeError(keys[repeated]?.byteOffset ?? 0, 'a key is repeated');
  }
}

function isDigit(code: number | undefined): boolean {
  return code !== undefined && code >= CODE_0 && code <= CODE_9;
}
