import type { IncomingMessage } from 'node:http';
import type { Admission, Gate } from './gate.ts';

/** Who a Node request comes from, or why it goes no further. */
export type Admit = (incoming: IncomingMessage) => Admission;

/** Takes Node requests through the gate: once each, however often this is asked on its way. */
export function createAdmit(gate: Gate): Admit {
  const admissions = new WeakMap<IncomingMessage, Admission>();
  return (incoming) => {
    const known = admissions.get(incoming);
    if (known) return known;
    const { socket, headers, method = 'GET', url = '/' } = incoming;
    const admission = gate({
      method,
      path: url.split('?', 1)[0] ?? '/',
      remoteAddress: socket.remoteAddress,
      localAddress: socket.localAddress,
      header: (name) => {
        const value = headers[name];
        return Array.isArray(value) ? value.join(', ') : value;
      },
    });
    admissions.set(incoming, admission);
    return admission;
  };
}
