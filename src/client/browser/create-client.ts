import { systemClock } from '../../base/system-clock.ts';
import { BrowserClient } from './browser-client.ts';
import type { WindowApi, WorkerApi } from './engine-api.ts';
import { EngineLink } from './engine-link.ts';
import { tabLock } from './leadership.ts';
import type { BrowserClientOptions } from './options.ts';
import { portOf, Rpc } from './rpc.ts';
import { createWindowRtc } from './window-rtc.ts';

/**
 * Opens the client of a page. All tabs of an origin share one engine, which runs in a worker of one of them. It needs a window (not a worker), and a secure
 * context: https, or localhost.
 */
export async function createClient(options: BrowserClientOptions = {}): Promise<BrowserClient> {
  const { scope = 'default', iceServers = [], createWorker = ownWorker } = options;
  const { createPeerConnection = () => new RTCPeerConnection({ iceServers: [...iceServers] }) } = options;
  const tab = crypto.randomUUID();
  const gone = Promise.withResolvers<void>();
  // Others see by it that we are there.
  void navigator.locks.request(tabLock(scope, tab), () => gone.promise);
  const worker = createWorker();
  const own = new Rpc<WorkerApi, WindowApi>(portOf(worker), {});
  const rtc = createWindowRtc({
    create: createPeerConnection,
    clock: systemClock,
    tell: {
      channel: (args) => own.tell('channel', args, [args.channel as unknown as Transferable]),
      ended: (args) => own.tell('ended', args),
    },
  });
  const link = new EngineLink({ scope, tab, own: own as never });
  own.provide({ ...rtc, leads: () => link.leads() });
  await own.call('boot', {
    tab,
    settings: {
      scope,
      server: options.server,
      trackers: options.trackers ?? [],
      peers: options.peers ?? true,
      storage: options.storage ?? 'opfs',
      maxUpRate: options.maxUpRate,
      maxDownRate: options.maxDownRate,
      connections: options.connections ?? 60,
    },
  });
  return new BrowserClient(link, async () => {
    if (link.isLeader) await own.call('shutDown', null).catch(() => {});
    rtc.close();
    worker.terminate();
    gone.resolve();
  });
}

/** The name is that of the built file, beside this one. */
function ownWorker(): Worker {
  return new Worker(new URL('./engine-worker.js', import.meta.url), { type: 'module', name: 'modelswarm' });
}
