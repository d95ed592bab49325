import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { LocalInterface } from './lsd-networks.ts';

/** Where announces are sent to. */
export interface LsdGroups {
  readonly v4: string;
  readonly v6: string;
  readonly port: number;
}

/** A member of the multicast group on one interface. */
export interface LsdSocket {
  readonly group: string;
  send(bytes: Uint8Array): void;
  close(): Promise<void>;
}

/** Joins the group. Rejects when that is not possible on this interface. `ended`: the interface has gone. */
export async function openLsdSocket(
  { family, address }: LocalInterface,
  { v4, v6, port }: LsdGroups,
  handler: { readonly received: (bytes: Uint8Array, from: RemoteInfo) => void; readonly ended: () => void },
): Promise<LsdSocket> {
  const group = family === 4 ? v4 : v6;
  const zone = address.split('%')[1];
  // Of IPv6, an interface is named by its zone.
  const through = family === 4 ? address : zone === undefined ? '::' : `::%${zone}`;
  const socket =
    family === 4
      ? createSocket({ type: 'udp4', reuseAddr: true })
      : createSocket({ type: 'udp6', reuseAddr: true, ipv6Only: true });
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= new Promise((resolve) => socket.close(() => resolve()));
    return closed;
  };
  try {
    await bind(socket, port);
    socket.addMembership(group, through);
    socket.setMulticastInterface(through);
    // Neighbours only; and other programs on this machine, which are no less near.
    socket.setMulticastTTL(1);
    socket.setMulticastLoopback(true);
  } catch (error) {
    await close();
    throw error;
  }
  socket.unref();
  socket.on('message', handler.received);
  socket.on('error', handler.ended);
  return {
    group: `${family === 4 ? group : `[${group}]`}:${port}`,
    send: (bytes) => {
      // What does not get through is said again in five minutes.
      if (!closed) socket.send(bytes, port, group, () => {});
    },
    close,
  };
}

function bind(socket: Socket, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, () => {
      socket.off('error', reject);
      resolve();
    });
  });
}
