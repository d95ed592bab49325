import type { Connection } from './connection.ts';

/** One side of a connection, as `RTCSessionDescription` has it. */
export interface SessionDescription {
  readonly type: 'offer' | 'answer';
  readonly sdp: string;
}

/** Our half of a connection; somebody has to pass its description on. */
export interface OfferedConnection {
  readonly description: SessionDescription;
  /**
   * Takes the answer; resolves when the connection is open. `name` is what the other side is to be called, as `host` of its address. Rejects with
   * CONNECT_FAILED, or `signal.reason`. Once.
   */
  complete(answer: SessionDescription, name: string, signal: AbortSignal): Promise<Connection>;
  /** Nobody has answered. Does nothing after `complete`. Idempotent. */
  drop(): void;
}

/** The answer to somebody's offer, which is to be passed back. */
export interface AnsweredConnection {
  readonly description: SessionDescription;
  /** When it is open. Rejects as `OfferedConnection.complete` does. */
  readonly connection: Promise<Connection>;
}

/** Connections to peers that are not dialled but introduced: somebody passes offers and answers between the two (WebRTC). */
export interface SignalledTransport {
  /** Rejects with CONNECT_FAILED, or `signal.reason`. */
  offer(signal: AbortSignal): Promise<OfferedConnection>;
  /** Rejects as `offer` does, also when the offer is malformed. */
  answer(offer: SessionDescription, name: string, signal: AbortSignal): Promise<AnsweredConnection>;
}
