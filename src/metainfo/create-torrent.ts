import { fromHex } from '../base/hex.ts';
import { BencodeEntries, type Encodable, encode, RawBencode } from '../bencode/encode.ts';
import type { Provenance } from './torrent.ts';

/** What a torrent file is made of. */
export interface TorrentContent {
  /** The info dictionary, bencoded: written as it is, since every byte of it counts. */
  readonly info: Uint8Array;
  /** By the root of the file, hex. Left out of a v1 torrent. */
  readonly pieceLayers?: ReadonlyMap<string, Uint8Array> | undefined;
  /** Tiers of tracker URLs (BEP 12). */
  readonly trackers?: readonly (readonly string[])[];
  /** URLs of web seeds (BEP 19). */
  readonly webSeeds?: readonly string[];
  readonly createdBy?: string;
  readonly comment?: string;
  /** Seconds since the epoch. */
  readonly creationDate?: number;
  readonly provenance?: Provenance | undefined;
}

/** A torrent file around an info dictionary. */
export function createTorrent(content: TorrentContent): Uint8Array<ArrayBuffer> {
  const { info, pieceLayers, trackers = [], webSeeds = [], provenance } = content;
  const tiers = trackers.filter((tier) => tier.length > 0);
  const several = tiers.length > 1 || (tiers[0]?.length ?? 0) > 1;
  return encode({
    announce: tiers[0]?.[0],
    'announce-list': several ? tiers : undefined,
    comment: content.comment,
    'created by': content.createdBy,
    'creation date': content.creationDate,
    info: new RawBencode(info),
    modelswarm: provenance && { ...provenance },
    'piece layers': pieceLayers && layerEntries(pieceLayers),
    'url-list': webSeeds.length > 0 ? webSeeds : undefined,
  });
}

function layerEntries(layers: ReadonlyMap<string, Uint8Array>): BencodeEntries {
  return new BencodeEntries([...layers].map(([root, layer]): [Uint8Array, Encodable] => [fromHex(root), layer]));
}
