import { Worker } from 'node:worker_threads';
import type { PortMappingOrder, PortMappingResult } from './port-mapping-protocol.ts';
import { routerAddress } from './router-address.ts';

/** The file beside this one, of the same kind: TypeScript from source, JavaScript when built. */
const PROGRAM = new URL(
  `./port-mapping-worker${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`,
  import.meta.url,
);
const CLOSE_MS = 3000;
/** What a router says is short; one that goes on and on ends the thread, not the process. */
const LIMITS = { maxOldGenerationSizeMb: 64 };

const NOTHING = { worker: undefined, ended: undefined };

export interface PortMapping {
  /** How it went; undefined while the router is asked. */
  readonly result: PortMappingResult | undefined;
  /** The same, when it is there: within a quarter of a minute. Does not reject. */
  readonly done: Promise<PortMappingResult>;
  /** Takes the mapping back, as far as the router lets it. */
  close(): Promise<void>;
}

/**
 * Asks the router to pass `port` on to this machine, by NAT-PMP (where the router's address is known, on Linux) or UPnP (IGD 2), and renews that until it is
 * closed. `udp`: that of UDP, too. A router that says no is not asked again.
 */
export function mapPort({ port, udp }: { readonly port: number; readonly udp: boolean }): PortMapping {
  const told = Promise.withResolvers<PortMappingResult>();
  const opening = routerAddress().then((router) => {
    const order: PortMappingOrder = { port, protocols: udp ? ['TCP', 'UDP'] : ['TCP'], router };
    const worker = new Worker(PROGRAM, { name: 'port mapping', workerData: order, resourceLimits: LIMITS });
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    worker.once('message', told.resolve);
    worker.once('error', (error) => told.resolve({ state: 'failed', reason: error.message }));
    worker.unref();
    void ended.then(() => told.resolve({ state: 'failed', reason: 'it was closed' }));
    return { worker, ended };
  });
  opening.catch((error: unknown) => told.resolve({ state: 'failed', reason: String(error) }));
  let result: PortMappingResult | undefined;
  const done = told.promise.then((it) => {
    result = it;
    return it;
  });
  return {
    done,
    get result() {
      return result;
    },
    async close() {
      const { worker, ended } = await opening.catch(() => NOTHING);
      if (!worker) return;
      worker.postMessage('close');
      const limit = setTimeout(() => void worker.terminate(), CLOSE_MS);
      await ended;
      clearTimeout(limit);
    },
  };
}
