import type { PeerRole } from '../contracts/swarm-state.ts';

/** What a peer says. One object is filled again and again: an announce is to cost a microsecond. */
export class Announcement {
  readonly infoHash: Uint8Array = new Uint8Array(20);
  readonly peerId: Uint8Array = new Uint8Array(20);
  /** IPv4 or IPv6 address and port, as in compact lists: one of the two below. */
  address: Uint8Array;
  readonly v4: Uint8Array = new Uint8Array(6);
  readonly v6: Uint8Array = new Uint8Array(18);
  role: PeerRole = 'leecher';
  event: 'started' | 'completed' | 'stopped' | 'paused' | '' = '';
  /** Negative: it did not say. */
  wanted = -1;
  /** HTTP: peers as bytes (BEP 23), or as dictionaries, with or without their ids. */
  isCompact = true;
  hasIds = true;
  /** The address at which it has reached us, 4 or 16 bytes; undefined: that cannot be told. */
  reachedAt: Uint8Array | undefined;
  /** From the URL, for private torrents. */
  ticket: string | undefined;

  constructor() {
    this.address = this.v4;
  }

  /** Puts an address, of 4 or 16 bytes, and a port into place. */
  setAddress(bytes: Uint8Array, port: number): void {
    this.address = bytes.length === 4 ? this.v4 : this.v6;
    this.address.set(bytes);
    this.address[bytes.length] = port >> 8;
    this.address[bytes.length + 1] = port & 255;
  }

  /** `left`: bytes that it does not have. */
  setRole(left: number): void {
    this.role = left === 0 ? 'seed' : this.event === 'paused' ? 'partialSeed' : 'leecher';
  }
}
