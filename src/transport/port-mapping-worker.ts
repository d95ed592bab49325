/**
 * Asks the router to pass a port on. In a thread of its own, since the library throws where nobody can catch it when a packet is too short, and
 * reads answers of any length.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { type Gateway, pmpNat, upnpNat } from '@achingbrain/nat-port-mapper';
import type { PortMappingOrder, PortMappingResult } from './port-mapping-protocol.ts';

/** A router on the local network answers within milliseconds, or not at all. */
const PMP_MS = 3000;
const UPNP_MS = 8000;
const CLOSE_MS = 2000;
/** Asked for again at half of it; of a program that was killed, the rest stays. */
const LEASE_SECONDS = 60 * 60;

const port = parentPort;
if (!port) throw new Error('port-mapping-worker.ts is started as a worker thread');
const order = workerData as PortMappingOrder;
let used: Way | undefined;

/** A router and how long a lease is in its words: the library passes NAT-PMP's number on as it is, and takes UPnP's for milliseconds. */
interface Way {
  readonly gateway: Gateway;
  readonly lease: number;
}

/** Asks for all protocols; returns our address outside. `ttl` 0 takes them back. */
async function mapAt({ gateway, lease }: Way, signal: AbortSignal, ttl = lease): Promise<string> {
  const options = { signal, ttl, description: 'modelswarm', autoRefresh: false };
  let address = '';
  for (const protocol of order.protocols) {
    for await (const mapping of gateway.mapAll(order.port, { ...options, protocol })) {
      address = `${mapping.externalHost}:${mapping.externalPort}`;
    }
  }
  return address;
}

/** The library's own renewal asks without a pause where its unit of time is wrong. */
function use(way: Way): void {
  used = way;
  const renew = (): void => void mapAt(way, AbortSignal.timeout(UPNP_MS)).catch(() => {});
  setInterval(renew, (LEASE_SECONDS * 1000) / 2);
}

async function byPmp(router: string): Promise<PortMappingResult> {
  const way = { gateway: pmpNat(router), lease: LEASE_SECONDS };
  try {
    const address = await mapAt(way, AbortSignal.timeout(PMP_MS));
    use(way);
    return { state: 'mapped', by: 'NAT-PMP', address };
  } catch (error) {
    await way.gateway.stop().catch(() => {});
    throw error;
  }
}

async function byUpnp(): Promise<PortMappingResult> {
  const signal = AbortSignal.timeout(UPNP_MS);
  for await (const gateway of upnpNat().findGateways({ signal })) {
    const way = { gateway, lease: LEASE_SECONDS * 1000 };
    const address = await mapAt(way, signal);
    use(way);
    return { state: 'mapped', by: 'UPnP', address };
  }
  return { state: 'failed', reason: 'no router answers to NAT-PMP or UPnP' };
}

/** Of UPnP the lease runs out: the library forgets to name the protocol, which routers refuse. */
async function takeBack(): Promise<void> {
  if (used?.lease === LEASE_SECONDS) await mapAt(used, AbortSignal.timeout(CLOSE_MS), 0);
}

port.once('message', () => {
  takeBack()
    .catch(() => {})
    .finally(() => process.exit());
});

const tries = order.router === undefined ? byUpnp() : byPmp(order.router).catch(byUpnp);
tries
  .catch((error: unknown): PortMappingResult => ({ state: 'failed', reason: String(error) }))
  .then((result) => port.postMessage(result));
