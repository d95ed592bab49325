/** Where a peer listens. */
export interface PeerAddress {
  /** An IP address (IPv6 without brackets), or a name that the transport understands. */
  readonly host: string;
  readonly port: number;
}

/** What a connection tells its owner. */
export interface ConnectionHandler {
  /** Bytes have come. They are valid, and the owner's to change, during this call only: the buffer is used again. */
  data(bytes: Uint8Array): void;
  /** Once, when it is over, whoever ended it. Nothing is called after it. `reason` is for people. */
  closed(reason: string): void;
}

/** A reliable, ordered stream of bytes to a peer. */
export interface Connection {
  readonly remote: PeerAddress;
  /** Did the other side open it? */
  readonly incoming: boolean;
  /** Bytes that were sent and are not out of our hands yet. */
  readonly queued: number;
  /** Must be called once, in the turn in which the connection was handed over. */
  start(handler: ConnectionHandler): void;
  /**
   * Sends bytes, which must not change until `sent` is called: they are out of our hands then, or the connection is over. Does
   * nothing after the end but call `sent`.
   */
  send(bytes: Uint8Array, sent?: () => void): void;
  /** No more `data` until `resume`; the other side is slowed down. */
  pause(): void;
  resume(): void;
  /** Ends it; what was sent may be lost. Idempotent. */
  close(reason: string): void;
}

/** Opens and accepts connections. */
export interface Transport {
  /** Rejects with CONNECT_FAILED, or `signal.reason`. */
  connect(address: PeerAddress, signal: AbortSignal): Promise<Connection>;
  /** Begins to accept connections. Rejects with CONNECT_FAILED when the port is taken. */
  listen(onConnection: (connection: Connection) => void): Promise<Listener>;
}

export interface Listener {
  readonly port: number;
  /** Accepts no more connections; those that are open go on. */
  close(): Promise<void>;
}
