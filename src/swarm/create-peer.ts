import { sameBytes } from '../base/same-bytes.ts';
import type { Clock } from '../contracts/clock.ts';
import { Peer, type PeerOwner } from './peer.ts';
import type { PeerArrival } from './peer-intake.ts';

/** The hashes that a torrent goes by; one may be unknown. */
export interface TorrentNames {
  /** SHA-1, 20 bytes. */
  readonly infoHash?: Uint8Array | undefined;
  /** SHA-256, 32 bytes. */
  readonly infoHashV2?: Uint8Array | undefined;
}

/** The peer that has shaken hands about a torrent. What came behind its handshake is still to be fed to it. */
export function createPeer(arrival: PeerArrival, names: TorrentNames, owner: PeerOwner, clock: Clock): Peer {
  const { stream, handshake } = arrival;
  // A hybrid's peer that named the v1 hash is no v2 peer, whatever its bits say: libtorrent hangs up on hash requests then.
  const isV2 = sameBytes(names.infoHashV2?.subarray(0, 20), handshake.infoHash);
  return new Peer({ stream, handshake, isV2, owner, clock });
}
