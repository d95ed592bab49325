import { bencodeError } from './bencode-error.ts';
import { compareBytes } from './byte-order.ts';
import type { TokenTable } from './token-table.ts';

/** The four kinds of BEP 3. */
export type BencodeKind = 'integer' | 'bytes' | 'list' | 'dictionary';

const CODE_I = 0x69;
const CODE_L = 0x6c;
const CODE_D = 0x64;
const COLON = 0x3a;

/** A place in a decoded text. Cheap to make: it looks at the text when it is asked. All its methods throw BAD_TORRENT for a wrong kind. */
export class BencodeNode {
  readonly #input: Uint8Array;
  readonly #tokens: TokenTable;
  readonly #token: number;

  constructor(input: Uint8Array, tokens: TokenTable, token: number) {
    this.#input = input;
    this.#tokens = tokens;
    this.#token = token;
  }

  get kind(): BencodeKind {
    switch (this.#input[this.offset]) {
      case CODE_I:
        return 'integer';
      case CODE_L:
        return 'list';
      case CODE_D:
        return 'dictionary';
      default:
        return 'bytes';
    }
  }

  /** Where it begins in the text. */
  get offset(): number {
    return this.#tokens.startOf(this.#token);
  }

  /** Exactly the bytes that it was decoded from, as a view: info-hashes are taken over these. */
  get raw(): Uint8Array {
    return this.#input.subarray(this.offset, this.#tokens.endOf(this.#token));
  }

  /** An integer that a number holds exactly. */
  integer(): number {
    const value = Number(this.bigint());
    if (!Number.isSafeInteger(value)) throw bencodeError(this.offset, 'an integer is beyond 2^53');
    return value;
  }

  bigint(): bigint {
    this.#expect('integer');
    return BigInt(latin1(this.raw.subarray(1, -1)));
  }

  /** A byte string, as a view. */
  bytes(): Uint8Array {
    this.#expect('bytes');
    const { raw } = this;
    return raw.subarray(raw.indexOf(COLON) + 1);
  }

  /** A byte string read as UTF-8; what is none becomes U+FFFD. */
  text(): string {
    return new TextDecoder().decode(this.bytes());
  }

  /** The items of a list. */
  *items(): IterableIterator<BencodeNode> {
    this.#expect('list');
    yield* this.#children();
  }

  /** The keys and values of a dictionary, in the order of the text. */
  *entries(): IterableIterator<[key: Uint8Array, value: BencodeNode]> {
    this.#expect('dictionary');
    let key: BencodeNode | undefined;
    for (const child of this.#children()) {
      if (key) yield [key.bytes(), child];
      key = key ? undefined : child;
    }
  }

  /** The value of a key of a dictionary. */
  get(key: string): BencodeNode | undefined {
    const wanted = encodedKey(key);
    for (const [found, value] of this.entries()) if (compareBytes(found, wanted) === 0) return value;
    return undefined;
  }

  /** Do the keys of this dictionary come in the order that BEP 3 demands? */
  get keysSorted(): boolean {
    let last: Uint8Array | undefined;
    for (const [key] of this.entries()) {
      if (last && compareBytes(last, key) >= 0) return false;
      last = key;
    }
    return true;
  }

  *#children(): IterableIterator<BencodeNode> {
    const end = this.#tokens.after(this.#token);
    for (let child = this.#token + 1; child < end; child = this.#tokens.after(child))
      yield new BencodeNode(this.#input, this.#tokens, child);
  }

  #expect(kind: BencodeKind): void {
    if (this.kind !== kind) throw bencodeError(this.offset, `expected ${NAMES[kind]}, found ${NAMES[this.kind]}`);
  }
}

const NAMES: Readonly<Record<BencodeKind, string>> = {
  integer: 'an integer',
  bytes: 'a byte string',
  list: 'a list',
  dictionary: 'a dictionary',
};

const encoder = new TextEncoder();
const encodedKeys = new Map<string, Uint8Array>();

/** Keys that are asked for are few and fixed, and asked for again in every entry of a list. */
function encodedKey(key: string): Uint8Array {
  const known = encodedKeys.get(key);
  if (known) return known;
  const bytes = encoder.encode(key);
  if (encodedKeys.size < 1000) encodedKeys.set(key, bytes);
  return bytes;
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
