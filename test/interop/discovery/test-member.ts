import type { SwarmMember } from '../../../src/contracts/discovery.ts';

/** A member that only remembers whom it was told of. */
export interface TestMember extends SwarmMember {
  /** `host port`, each once. */
  readonly peers: ReadonlySet<string>;
  /** Bytes. */
  left: number;
}

/** One with a peer id of its own; a seed. */
export function testMember(infoHash: Uint8Array, port: number): TestMember {
  const peers = new Set<string>();
  const member: TestMember = {
    infoHash,
    peerId: new TextEncoder().encode(`-MS0001-${String(port).padStart(12, '0')}`),
    port,
    isPrivate: false,
    left: 0,
    stats: () => ({ uploaded: 0, downloaded: 0, left: member.left }),
    found: (found) => {
      for (const { host, port } of found) peers.add(`${host} ${port}`);
    },
    peers,
  };
  return member;
}
