/** The worker of a tab: runs the engine when its tab leads, and waits for that otherwise. */
import { SwarmError } from '../../errors.ts';
import { Engine } from './engine.ts';
import type { EngineApi, EngineSettings, WindowApi, WorkerApi } from './engine-api.ts';
import { leaderLock, pairChannel, type ScopeMessage, scopeChannel, tabLock } from './leadership.ts';
import { channelPort, type DedicatedWorkerGlobalScopeLike, portOf, Rpc } from './rpc.ts';
import { createTabApi, TorrentUsers } from './tab-api.ts';
import { createWorkerRtc } from './worker-rtc.ts';

type Nothing = Record<string, never>;

const ownTab = new Rpc<WindowApi, WorkerApi>(portOf(self as unknown as DedicatedWorkerGlobalScopeLike), { boot });
const rtc = createWorkerRtc({
  offer: (id, signal) => ownTab.call('offer', id, signal),
  answer: (id, offer, signal) => ownTab.call('answer', { id, offer }, signal),
  accept: (id, answer, signal) => ownTab.call('accept', { id, answer }, signal),
  end: (id) => ownTab.tell('end', id),
});
ownTab.provide({ channel: rtc.channel, ended: rtc.ended });

function boot({ tab, settings }: Parameters<WorkerApi['boot']>[0]): void {
  void navigator.locks.request(leaderLock(settings.scope), () => lead(tab, settings));
}

/** Until the worker ends: only then does another tab lead. */
async function lead(tab: string, settings: EngineSettings): Promise<never> {
  const engine = await Engine.open({ settings, rtc });
  const users = new TorrentUsers(engine);
  const served = new Set<string>();
  const scope = new BroadcastChannel(scopeChannel(settings.scope));
  const say = (message: ScopeMessage): void => scope.postMessage(message);
  scope.onmessage = ({ data }: MessageEvent<ScopeMessage>) => {
    if (data.kind === 'who') say({ kind: 'leads', leader: tab });
    if (data.kind !== 'joins' || data.leader !== tab) return;
    if (!served.has(data.tab))
      void serve(engine, users, data.tab, settings.scope, tab).then(() => served.delete(data.tab));
    served.add(data.tab);
    say({ kind: 'joined', leader: tab, tab: data.tab });
  };
  ownTab.provide(createTabApi(engine, users, tab));
  await ownTab.call('leads', null);
  say({ kind: 'leads', leader: tab });
  return new Promise<never>(() => {});
}

/** Serves another tab as long as it lives. */
async function serve(engine: Engine, users: TorrentUsers, tab: string, scope: string, leader: string): Promise<void> {
  const { close, ...api } = createTabApi(engine, users, tab);
  const port = channelPort(pairChannel(scope, leader, tab));
  // Only the tab of this worker may end it.
  const rpc = new Rpc<Nothing, EngineApi>(port, { ...api, shutDown: async () => {} });
  await navigator.locks.request(tabLock(scope, tab), () => {});
  rpc.close(new SwarmError('CLOSED', 'The tab is gone.'));
  await close();
}
