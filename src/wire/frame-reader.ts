import { BLOCK_BYTES, BLOCK_HEADER_BYTES, decodeMessage, ID, type Message, readUint32 } from './messages.ts';

/**
 * Longest message but `piece`: a bitfield of 2,097,152 pieces has 256 KiB, the longest answer to a hash request (8,192 hashes and their
 * proof) 257 KiB.
 */
const LONGEST_FRAME = 300 * 1024;

/** What a reader hands over. */
export interface FrameHandler {
  /** Where the bytes of a block go, at least `length` of them; undefined: nobody asked for it, the bytes are dropped. */
  block(piece: number, begin: number, length: number): Uint8Array | undefined;
  /** The block is complete. */
  blockDone(piece: number, begin: number, length: number): void;
  /** Byte arrays in it are valid during this call. */
  message(message: Message): void;
}

/**
 * Cuts a stream of bytes into messages (BEP 3). Bytes of blocks are copied once, from the socket's buffer to where they belong; other
 * messages are decoded in place, or gathered first when they come in parts.
 */
export class FrameReader {
  readonly #handler: FrameHandler;
  /** Length, id, and of blocks their piece and begin. */
  readonly #head = new Uint8Array(BLOCK_HEADER_BYTES);
  #headLength = 0;
  /** A message that comes in parts. */
  #frame: Uint8Array | undefined;
  #frameLength = 0;
  /** The block that is coming. */
  #piece = 0;
  #begin = 0;
  #length = 0;
  #missing = 0;
  #target: Uint8Array | undefined;
  #stopped = false;
  #problem = '';

  constructor(handler: FrameHandler) {
    this.#handler = handler;
  }

  /** Nothing more is handed over, not even of the bytes that are being read. */
  stop(): void {
    this.#stopped = true;
  }

  /** The bytes that are still to come of the block that is being read are dropped: their place may be somebody else's by then. */
  dropBlock(): void {
    this.#target = undefined;
  }

  /** Reads on. Returns what is wrong with the stream: the connection is of no use any more then. */
  feed(bytes: Uint8Array): string | undefined {
    let position = 0;
    while (position < bytes.length && !this.#stopped) {
      if (this.#missing > 0) position = this.#takeBlock(bytes, position);
      else if (this.#frame) position = this.#takeFrame(bytes, position, this.#frame);
      else position = this.#takeHead(bytes, position);
      if (position < 0) return this.#problem;
    }
    return undefined;
  }

  #fail(problem: string): number {
    this.#problem = problem;
    return -1;
  }

  #takeHead(bytes: Uint8Array, start: number): number {
    const head = this.#head;
    let position = start;
    let needed = this.#headNeeded();
    while (this.#headLength < needed) {
      if (position === bytes.length) return position;
      head[this.#headLength++] = bytes[position++] ?? 0;
      needed = this.#headNeeded();
    }
    const length = readUint32(head, 0);
    if (length === 0) return this.#keepAlive(position);
    if (head[4] === ID.piece) return this.#beginBlock(length, position);
    if (length > LONGEST_FRAME) return this.#fail(`a message of ${length} bytes`);
    this.#headLength = 0;
    // In one go where it is all here: most messages are. The id is among these bytes.
    const frameStart = position - 1;
    if (bytes.length - frameStart >= length) {
      return this.#hand(bytes.subarray(frameStart, frameStart + length)) ?? frameStart + length;
    }
    this.#frame = new Uint8Array(length);
    this.#frame[0] = head[4] ?? 0;
    this.#frameLength = 1;
    return position;
  }

  /** 4 bytes of length; then the id; then, of a block, where it belongs. */
  #headNeeded(): number {
    if (this.#headLength < 4 || readUint32(this.#head, 0) === 0) return 4;
    if (this.#headLength < 5) return 5;
    return this.#head[4] === ID.piece ? BLOCK_HEADER_BYTES : 5;
  }

  #keepAlive(position: number): number {
    this.#headLength = 0;
    this.#handler.message({ kind: 'keepAlive' });
    return position;
  }

  #beginBlock(length: number, position: number): number {
    this.#headLength = 0;
    this.#length = length - 9;
    if (this.#length <= 0 || this.#length > BLOCK_BYTES) return this.#fail(`a block of ${this.#length} bytes`);
    this.#piece = readUint32(this.#head, 5);
    this.#begin = readUint32(this.#head, 9);
    this.#target = this.#handler.block(this.#piece, this.#begin, this.#length);
    this.#missing = this.#length;
    return position;
  }

  #takeBlock(bytes: Uint8Array, position: number): number {
    const end = Math.min(bytes.length, position + this.#missing);
    this.#target?.set(bytes.subarray(position, end), this.#length - this.#missing);
    this.#missing -= end - position;
    if (this.#missing === 0) {
      this.#target = undefined;
      this.#handler.blockDone(this.#piece, this.#begin, this.#length);
    }
    return end;
  }

  #takeFrame(bytes: Uint8Array, position: number, frame: Uint8Array): number {
    const end = Math.min(bytes.length, position + frame.length - this.#frameLength);
    frame.set(bytes.subarray(position, end), this.#frameLength);
    this.#frameLength += end - position;
    if (this.#frameLength < frame.length) return end;
    this.#frame = undefined;
    return this.#hand(frame) ?? end;
  }

  /** Undefined when all is well. */
  #hand(frame: Uint8Array): number | undefined {
    const message = decodeMessage(frame);
    if (!message) return this.#fail(`a malformed message ${frame[0]}`);
    this.#handler.message(message);
    return undefined;
  }
}
