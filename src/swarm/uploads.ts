import type { Bitfield } from '../base/bitfield.ts';
import type { TorrentStorage } from '../contracts/torrent-storage.ts';
import { BLOCK_BYTES, BLOCK_HEADER_BYTES, type BlockRef, writeBlockHeader } from '../wire/messages.ts';
import type { Peer } from './peer.ts';
import type { PieceMap } from './piece-map.ts';

/** Blocks that are read and sent in one go: 512 KiB, as few calls as that. */
const BLOCKS_AT_ONCE = 32;
/** Bunches of one peer that are on their way out at a time: one is read while the other is sent. */
const BUNCHES_AT_ONCE = 3;
const SLOT_BYTES = BLOCK_HEADER_BYTES + BLOCK_BYTES;
/** Requests of one peer that wait; it was told so (`reqq`). More are rejected. */
export const MOST_WAITING = 2000;
const MOST_SPARE = 64;
/** Requests that cannot be answered, of one peer, beyond those that were: a choke in full flight costs it some hundreds. */
const MOST_REFUSED = 3 * MOST_WAITING;

export interface UploadsOptions {
  readonly map: PieceMap;
  readonly have: Bitfield;
  readonly storage: TorrentStorage;
  /** Waits until bytes may be sent. */
  readonly throttle: (bytes: number) => Promise<void>;
  /** A file could not be read. */
  readonly onError: (error: unknown) => void;
}

interface Queue {
  readonly waiting: BlockRef[];
  /** Requests that were rejected, less those that were answered. */
  refused: number;
  bunches: number;
}

/**
 * Sends peers the blocks that they asked for. A bunch of blocks is read straight into its place between the message headers, one system
 * call for what is together in a file, and sent as it lies.
 */
export class Uploads {
  readonly #options: UploadsOptions;
  readonly #queues = new Map<Peer, Queue>();
  readonly #spare: Uint8Array[] = [];

  constructor(options: UploadsOptions) {
    this.#options = options;
  }

  /** Takes a request, or rejects it: it is one too many, or of what is not here, or the peer is choked. */
  requested(peer: Peer, block: BlockRef): void {
    const queue = this.#queueOf(peer);
    if (!peer.amChoking && this.#isThere(block) && this.#add(peer, queue, block)) return;
    refuse(peer, [block]);
    if (++queue.refused > MOST_REFUSED) peer.close('it goes on asking for what it cannot have');
  }

  #isThere({ piece, begin, length }: BlockRef): boolean {
    const { map, have } = this.#options;
    const isHeld = piece < map.pieceCount && have.has(piece);
    return isHeld && length > 0 && length <= BLOCK_BYTES && begin + length <= map.sizeAsked(piece, begin);
  }

  #queueOf(peer: Peer): Queue {
    const queue = this.#queues.get(peer) ?? { waiting: [], refused: 0, bunches: 0 };
    this.#queues.set(peer, queue);
    return queue;
  }

  #add(peer: Peer, queue: Queue, block: BlockRef): boolean {
    if (queue.waiting.length >= MOST_WAITING) return false;
    queue.waiting.push(block);
    // The requests that come in the same read are sent together.
    if (queue.waiting.length === 1) queueMicrotask(() => this.#pump(peer, queue));
    return true;
  }

  /** The peer takes a request back. One that still waits is rejected, as BEP 6 has it. */
  cancelled(peer: Peer, { piece, begin, length }: BlockRef): void {
    const waiting = this.#queues.get(peer)?.waiting ?? [];
    const index = waiting.findIndex(
      (block) => block.piece === piece && block.begin === begin && block.length === length,
    );
    if (index >= 0) refuse(peer, waiting.splice(index, 1));
  }

  /** The peer is choked: what it asked for is rejected. */
  choked(peer: Peer): void {
    refuse(peer, this.#queues.get(peer)?.waiting.splice(0) ?? []);
  }

  /** The peer is gone. */
  forget(peer: Peer): void {
    this.#queues.get(peer)?.waiting.splice(0);
    this.#queues.delete(peer);
  }

  #pump(peer: Peer, queue: Queue): void {
    while (queue.bunches < BUNCHES_AT_ONCE && queue.waiting.length > 0 && !peer.isClosed) {
      queue.bunches++;
      void this.#sendBunch(peer, queue, queue.waiting.splice(0, BLOCKS_AT_ONCE));
    }
  }

  async #sendBunch(peer: Peer, queue: Queue, blocks: readonly BlockRef[]): Promise<void> {
    const buffer = this.#spare.pop() ?? new Uint8Array(BLOCKS_AT_ONCE * SLOT_BYTES);
    const done = (): void => {
      queue.bunches--;
      queue.refused = Math.max(0, queue.refused - blocks.length);
      if (this.#spare.length < MOST_SPARE) this.#spare.push(buffer);
      this.#pump(peer, queue);
    };
    try {
      const length = await this.#read(blocks, buffer);
      await this.#options.throttle(length);
      const bytes = length - blocks.length * BLOCK_HEADER_BYTES;
      peer.sent.add(bytes);
      peer.send(buffer.subarray(0, length), done);
    } catch (error) {
      done();
      refuse(peer, blocks);
      this.#options.onError(error);
    }
  }

  /** Lays the messages of blocks one behind the other; returns how many bytes they have. */
  async #read(blocks: readonly BlockRef[], buffer: Uint8Array): Promise<number> {
    const { map, storage } = this.#options;
    const reads: { readonly file: number; readonly position: number; end: number; readonly targets: Uint8Array[] }[] =
      [];
    let at = 0;
    for (const block of blocks) {
      writeBlockHeader(buffer, at, block);
      at += BLOCK_HEADER_BYTES;
      let filled = 0;
      for (const { file, position, begin, length } of map.slices(block.piece, block.begin, block.length)) {
        const start = at + begin - block.begin;
        // Pads are zeros, and the buffer has what was sent last.
        buffer.fill(0, at + filled, start);
        filled = start - at + length;
        const target = buffer.subarray(start, start + length);
        const last = reads.at(-1);
        if (last && last.file === file && last.end === position) {
          last.targets.push(target);
          last.end += length;
        } else reads.push({ file, position, end: position + length, targets: [target] });
      }
      buffer.fill(0, at + filled, at + block.length);
      at += block.length;
    }
    await Promise.all(reads.map(({ file, position, targets }) => storage.read(file, position, targets)));
    return at;
  }
}

/** Without the fast extension nobody is told: a choke takes all requests back. */
function refuse(peer: Peer, blocks: readonly BlockRef[]): void {
  if (peer.handshake.fast && !peer.isClosed) peer.sendRequests('reject', blocks);
}
