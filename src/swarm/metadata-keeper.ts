import { toHex } from '../base/hex.ts';
import { sameBytes } from '../base/same-bytes.ts';
import type { ResumeStore } from '../contracts/resume-store.ts';
import { isSwarmError } from '../errors.ts';
import { createTorrent } from '../metainfo/create-torrent.ts';
import { parseTorrent } from '../metainfo/parse-torrent.ts';
import type { Torrent } from '../metainfo/torrent.ts';
import type { TorrentNames } from './create-peer.ts';
import type { PieceHashes } from './piece-hashes.ts';

/**
 * Remembers what a magnet link turned out to mean, with the piece layers that peers have sent: without them nothing on the disk could be checked when it
 * is started again.
 */
export class MetadataKeeper {
  readonly #store: ResumeStore | undefined;
  readonly #names: TorrentNames;
  #isKept = false;

  constructor(store: ResumeStore | undefined, names: TorrentNames) {
    this.#store = store;
    this.#names = names;
  }

  /** What was remembered; undefined when there is nothing that can be used. */
  async recall(): Promise<Torrent | undefined> {
    const bytes = await this.#store?.load(this.#name);
    if (!bytes) return undefined;
    try {
      const torrent = parseTorrent(bytes);
      const { infoHash, infoHashV2 } = this.#names;
      const isRight =
        (!infoHash || sameBytes(torrent.infoHash, infoHash)) &&
        (!infoHashV2 || sameBytes(torrent.infoHashV2, infoHashV2));
      this.#isKept = isRight;
      return isRight ? torrent : undefined;
    } catch (error) {
      // Damaged: peers are asked again.
      if (isSwarmError(error)) return undefined;
      throw error;
    }
  }

  /** Remembers it, once all layers have come. */
  async keep(torrent: Torrent, hashes: PieceHashes): Promise<void> {
    if (this.#isKept || !this.#store || hashes.missingLayers().length > 0) return;
    this.#isKept = true;
    const pieceLayers = torrent.version === 'v1' ? undefined : hashes.layers;
    await this.#store.save(this.#name, createTorrent({ info: torrent.info, pieceLayers }));
  }

  get #name(): string {
    const { infoHash, infoHashV2 } = this.#names;
    return `${toHex(infoHash ?? infoHashV2 ?? new Uint8Array(0))}-metainfo`;
  }
}
