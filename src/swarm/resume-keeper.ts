import { Bitfield } from '../base/bitfield.ts';
import { toHex } from '../base/hex.ts';
import type { HashPool } from '../contracts/hasher.ts';
import type { ResumeStore } from '../contracts/resume-store.ts';
import type { TorrentStorage } from '../contracts/torrent-storage.ts';
import { checkFiles } from './check-files.ts';
import type { PieceHashes } from './piece-hashes.ts';
import type { PieceMap } from './piece-map.ts';
import { decodeResumeData, encodeResumeData, markFiles, trustedPieces } from './resume-data.ts';

/** Bytes to and from peers and sources. */
export interface Transferred {
  readonly uploaded: number;
  readonly downloaded: number;
}

export interface ResumeKeeperOptions {
  readonly infoHash: Uint8Array;
  readonly map: PieceMap;
  readonly storage: TorrentStorage;
  readonly store: ResumeStore | undefined;
}

/** What earlier runs have left of a torrent: finds it out in the beginning, and keeps the record of it. */
export class ResumeKeeper {
  /** Bytes in earlier runs. */
  uploaded = 0;
  downloaded = 0;
  readonly #options: ResumeKeeperOptions;
  /** Files with pieces that no record names. */
  readonly #dirty = new Set<number>();

  constructor(options: ResumeKeeperOptions) {
    this.#options = options;
  }

  /**
   * Which pieces are on the disk. Those of files that look as they did are believed; `isDoubted`, and where there is no record,
   * everything is hashed. Rejects with `signal.reason`, STORAGE.
   */
  async findPieces(options: {
    readonly hashes: PieceHashes;
    readonly hashing: HashPool;
    readonly isDoubted: boolean;
    readonly onProgress: (checked: number, of: number) => void;
    readonly signal: AbortSignal;
  }): Promise<Bitfield> {
    const { map, storage } = this.#options;
    const { trusted, doubted } = options.isDoubted
      ? { trusted: new Bitfield(map.pieceCount), doubted: everyPiece(map) }
      : await this.#recall();
    const checked = await checkFiles({
      ...options,
      map,
      storage,
      pieces: doubted,
      onProgress: (count) => options.onProgress(count, doubted.length),
    });
    for (const piece of doubted) if (checked.has(piece)) trusted.add(piece);
    return trusted;
  }

  /** A piece was stored. */
  stored(piece: number): void {
    for (const { file } of this.#options.map.slices(piece)) this.#dirty.add(file);
  }

  /** A run has ended in which so much was transferred. */
  add({ uploaded, downloaded }: Transferred): void {
    this.uploaded += uploaded;
    this.downloaded += downloaded;
  }

  /** Writes down what is there, and what was transferred in this run. Bytes are on the disk before their record is. */
  async save(pieces: Bitfield, run: Transferred): Promise<void> {
    const { store, map, storage, infoHash } = this.#options;
    if (!store) return;
    const files = [...this.#dirty];
    this.#dirty.clear();
    // A copy, since more pieces may come while files are flushed.
    const named = Bitfield.from(pieces.bytes, map.pieceCount) ?? pieces;
    await storage.flush(files);
    const marks = await markFiles(map, storage);
    const uploaded = this.uploaded + run.uploaded;
    const downloaded = this.downloaded + run.downloaded;
    await store.save(
      toHex(infoHash),
      encodeResumeData({ pieces: named, files: marks, uploaded, downloaded }, infoHash),
    );
  }

  async #recall(): Promise<{ readonly trusted: Bitfield; readonly doubted: readonly number[] }> {
    const { store, infoHash, map, storage } = this.#options;
    const bytes = await store?.load(toHex(infoHash));
    const data = bytes && decodeResumeData(bytes, infoHash, map);
    if (!data) return { trusted: new Bitfield(map.pieceCount), doubted: everyPiece(map) };
    this.uploaded = data.uploaded;
    this.downloaded = data.downloaded;
    return trustedPieces(data, await markFiles(map, storage), map);
  }
}

function everyPiece({ pieceCount }: PieceMap): number[] {
  return Array.from({ length: pieceCount }, (_, piece) => piece);
}
