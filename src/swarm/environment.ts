import type { Clock } from '../contracts/clock.ts';
import type { Transport } from '../contracts/connection.ts';
import type { Discovery } from '../contracts/discovery.ts';
import type { HashPool } from '../contracts/hasher.ts';
import type { ResumeStore } from '../contracts/resume-store.ts';
import type { ConnectionSlots } from './connection-slots.ts';
import type { Encryption } from './peer-intake.ts';
import type { Limits } from './rate-limits.ts';

/** What all torrents of a process share. */
export interface SwarmEnvironment {
  readonly clock: Clock;
  /** 0..1, for choices. */
  readonly random: () => number;
  /** Bytes from a good source. */
  readonly randomBytes: (length: number) => Uint8Array;
  readonly hashing: HashPool;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  /** Name and version, as peers are told. */
  readonly client: string;
  /** How peers are dialled; undefined: they are not. */
  readonly transport: Transport | undefined;
  /** Where we listen; 0: nowhere. */
  readonly port: () => number;
  readonly encryption: Encryption;
  readonly slots: ConnectionSlots;
  readonly connectionsPerTorrent: number;
  readonly limits: Limits;
  readonly resume: ResumeStore | undefined;
  /** Ways of finding peers of a torrent with these trackers. Private ones are found by trackers only. */
  readonly discoveryFor: (trackers: readonly (readonly string[])[]) => Discovery;
  /** Extensions of whoever uses this package: a name, and who hears of its messages. */
  readonly extensions: ReadonlyMap<string, ExtensionHandler>;
}

/** A message of an own extension has come. `send` answers; it returns false when the peer does not have the extension. */
export type ExtensionHandler = (message: {
  readonly payload: Uint8Array;
  readonly peer: { readonly host: string; readonly port: number };
  /** 20 bytes. */
  readonly infoHash: Uint8Array;
  readonly send: (payload: Uint8Array) => boolean;
}) => void;
