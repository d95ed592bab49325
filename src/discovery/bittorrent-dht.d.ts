/** The part of `bittorrent-dht` that is used here; the package has no types of its own. */
declare module 'bittorrent-dht' {
  import type { EventEmitter } from 'node:events';

  export interface DhtNode {
    readonly host: string;
    readonly port: number;
  }

  export interface DhtEvents {
    peer: [peer: DhtNode, infoHash: Buffer];
    node: [];
    listening: [];
    warning: [error: Error];
    error: [error: Error];
  }

  export class Client extends EventEmitter<DhtEvents> {
    constructor(options: { readonly bootstrap: false; readonly socket: EventEmitter });
    readonly nodeId: Buffer;
    readonly nodes: { count(): number };
    addNode(node: DhtNode): void;
    lookup(infoHash: Uint8Array, callback: (error: Error | null, nodes?: number) => void): void;
    announce(infoHash: Uint8Array, port: number, callback: (error: Error | null, nodes?: number) => void): void;
    listen(port: number, host: string): void;
    address(): { readonly port: number };
    destroy(callback: () => void): void;
  }
}
