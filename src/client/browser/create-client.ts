import { systemClock } from '../../base/system-clock.ts';
import { SwarmError } from '../../errors.ts';
import { BrowserClient } from './browser-client.ts';
import type { WindowApi, WorkerApi } from './engine-api.ts';
import { EngineLink } from './engine-link.ts';
import { tabLock } from './leadership.ts';
import type { BrowserClientOptions } from './options.ts';
import { Rpc } from './rpc.ts';
import { portOf } from './rpc-ports.ts';
import { createWindowRtc } from './window-rtc.ts';

/**
 * Opens the client of a page. All tabs of an origin share one engine, which runs in a worker of one of them. It needs a window (not a worker), and a secure
 * context: https, or localhost. Rejects with CONFIG where it cannot be: no such context, no worker.
 */
export async function createClient(options: BrowserClientOptions = {}): Promise<BrowserClient> {
  if (!globalThis.isSecureContext || navigator.locks === undefined)
    throw new SwarmError('CONFIG', 'A client needs a page that came by https or from localhost, and Web Locks.');
  const { scope = 'default', iceServers = [], createWorker = ownWorker } = options;
  const { createPeerConnection = () => new RTCPeerConnection({ iceServers: [...iceServers] }) } = options;
  const tab = crypto.randomUUID();
  const letGo = await hold(tabLock(scope, tab));
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
  const boot = own.call('boot', {
    tab,
    settings: {
      scope,
      storage: options.storage ?? 'opfs',
      maxUpRate: options.maxUpRate,
      maxDownRate: options.maxDownRate,
      connections: options.connections ?? 60,
    },
  });
  const end = (): void => {
    rtc.close();
    worker.terminate();
    letGo();
  };
  try {
    await Promise.race([boot, failureOf(worker)]);
  } catch (error) {
    link.close(new SwarmError('CLOSED', 'The client could not be opened.'));
    end();
    throw error;
  }
  const { server, peers = true, trackers = [] } = options;
  return new BrowserClient(link, { server, peers, trackers }, async () => {
    if (link.isLeader) await own.call('shutDown', null).catch(() => {});
    end();
  });
}

/**
 * Takes a lock that nobody else has; the result lets go of it. It has to be held before the engine hears of this tab: who finds it free takes the tab for
 * gone.
 */
async function hold(name: string): Promise<() => void> {
  const held = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  void navigator.locks.request(name, () => {
    held.resolve();
    return over.promise;
  });
  await held.promise;
  return over.resolve;
}

/** Rejects when the worker's program cannot be loaded. */
function failureOf(worker: Worker): Promise<never> {
  return new Promise((_, reject) => {
    worker.onerror = ({ message }) =>
      reject(
        new SwarmError(
          'CONFIG',
          `The worker of the client cannot be loaded${message ? ` (${message})` : ''}. Put engine-worker.js beside the module, or name another (createWorker).`,
        ),
      );
  });
}

/** The name is that of the built file, beside this one. */
function ownWorker(): Worker {
  return new Worker(new URL('./engine-worker.js', import.meta.url), { type: 'module', name: 'modelswarm' });
}
