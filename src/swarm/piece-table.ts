import type { Bitfield } from '../base/bitfield.ts';
import type { TorrentStorage } from '../contracts/torrent-storage.ts';
import { isSwarmError, SwarmError } from '../errors.ts';
import { ActivePiece } from './active-piece.ts';
import type { Picker } from './picker.ts';
import type { PieceBuffers } from './piece-buffers.ts';
import type { PieceHashes } from './piece-hashes.ts';
import type { PieceMap } from './piece-map.ts';

export interface PieceTableOptions<S extends object> {
  readonly map: PieceMap;
  readonly hashes: PieceHashes;
  readonly storage: TorrentStorage;
  readonly picker: Picker;
  readonly buffers: PieceBuffers;
  /** What is verified and stored. */
  readonly have: Bitfield;
  readonly events: PieceEvents<S>;
}

export interface PieceEvents<S extends object> {
  /** The piece is verified and stored. */
  stored(active: ActivePiece<S>): void;
  /** All of it is here, and it is not what it should be. It is to be begun again. */
  bad(active: ActivePiece<S>): void;
  /** It is good and could not be stored. */
  failed(error: SwarmError): void;
  /** A buffer is free again. */
  roomMade(): void;
}

/** The pieces that are on their way: begun, filled block by block by whoever brings them, verified, stored. */
export class PieceTable<S extends object> {
  readonly active: Map<number, ActivePiece<S>> = new Map<number, ActivePiece<S>>();
  readonly #options: PieceTableOptions<S>;
  /** Pieces that are whole and are being checked and written. */
  readonly #storing = new Map<number, Promise<void>>();
  #isClosed = false;

  constructor(options: PieceTableOptions<S>) {
    this.#options = options;
  }

  /** Is there room to begin another piece? */
  get hasRoom(): boolean {
    return !this.#options.buffers.isExhausted;
  }

  /** Is the piece on its way, or being stored? Then it is not to be begun once more. */
  isBusy(piece: number): boolean {
    return this.active.has(piece) || this.#storing.has(piece);
  }

  /** Begins a piece; undefined when there is no room for it. */
  begin(piece: number, owner: S | undefined): ActivePiece<S> | undefined {
    const { buffers, map, picker } = this.#options;
    const buffer = buffers.take(map.size(piece));
    if (!buffer) return undefined;
    const active = new ActivePiece<S>(piece, buffer, map);
    active.owner = owner;
    picker.remove(piece);
    this.active.set(piece, active);
    return active;
  }

  /** All blocks of a piece are here: it is verified and stored. */
  finish(active: ActivePiece<S>): void {
    this.active.delete(active.piece);
    this.#storing.set(active.piece, this.#store(active));
  }

  /** Drops a piece that was begun; it is to be begun again. */
  drop(active: ActivePiece<S>): void {
    this.active.delete(active.piece);
    this.#options.buffers.give(active.buffer);
    this.#options.picker.add(active.piece);
  }

  /** Drops all pieces, and waits for those that are being stored. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const active of [...this.active.values()]) this.drop(active);
    await Promise.all(this.#storing.values());
  }

  async #store(active: ActivePiece<S>): Promise<void> {
    const { buffers, have, picker, events } = this.#options;
    const { piece, buffer } = active;
    const outcome = await this.#tryToStore(active);
    // From here on all at once: whoever is told may begin the piece anew.
    this.#storing.delete(piece);
    if (outcome === true) have.add(piece);
    else picker.add(piece);
    if (!this.#isClosed) this.#tell(active, outcome);
    // Only now: who is told looks at the bytes.
    buffers.give(buffer);
    if (!this.#isClosed) events.roomMade();
  }

  #tell(active: ActivePiece<S>, outcome: boolean | SwarmError): void {
    const { events } = this.#options;
    if (outcome === true) events.stored(active);
    else if (outcome === false) events.bad(active);
    else events.failed(outcome);
  }

  /** Whether it is good and stored; or why it could not be stored. */
  async #tryToStore(active: ActivePiece<S>): Promise<boolean | SwarmError> {
    try {
      return (await this.#storeAtOnce(active)) ?? (await this.#checkAndWrite(active));
    } catch (error) {
      return storageError(error);
    }
  }

  /** In one visit to a thread, where the files can be had; undefined: it did not come to an end that way. */
  async #storeAtOnce({ piece, buffer }: ActivePiece<S>): Promise<boolean | undefined> {
    const { hashes, map, storage } = this.#options;
    const isShared = typeof SharedArrayBuffer !== 'undefined' && buffer.buffer instanceof SharedArrayBuffer;
    if (!storage.withFile || !isShared || !hashes.isPlain(piece)) return undefined;
    const files = map.slices(piece).map(({ file }) => file);
    const outcome = await withFiles(storage, files, (fds) => hashes.storeBytes(piece, buffer, fds));
    // Writing it once more tells what is wrong with the file.
    return outcome === 'unwritten' ? undefined : outcome === 'stored';
  }

  async #checkAndWrite(active: ActivePiece<S>): Promise<boolean> {
    const isGood = await this.#options.hashes.checkBytes(active.piece, active.buffer);
    if (isGood) await this.#write(active);
    return isGood;
  }

  async #write({ piece, buffer }: ActivePiece<S>): Promise<void> {
    const { map, storage } = this.#options;
    for (const { file, position, begin, length } of map.slices(piece)) {
      await storage.write(file, position, buffer.subarray(begin, begin + length));
    }
  }
}

/** Opens files one after the other, and then does the work. */
function withFiles<T>(
  storage: TorrentStorage,
  files: readonly number[],
  work: (fds: ReadonlyMap<number, number>) => Promise<T>,
  open: ReadonlyMap<number, number> = new Map(),
): Promise<T> {
  const [file, ...rest] = files;
  if (file === undefined || !storage.withFile) return work(open);
  return storage.withFile(file, (fd) => withFiles(storage, rest, work, new Map([...open, [file, fd]])));
}

/** What storing or reading a piece failed with. */
export function storageError(error: unknown): SwarmError {
  if (isSwarmError(error)) return error;
  return new SwarmError('INTERNAL', 'A piece could not be stored or read', { cause: error });
}
