/** The worker of a tab: runs the engine when its tab leads, and waits for that otherwise. */
import { SwarmError } from '../../errors.ts';
import { Engine } from './engine.ts';
import type { EngineApi, EngineSettings, WindowApi, WorkerApi } from './engine-api.ts';
import { leaderLock, pairChannel, type ScopeMessage, scopeChannel, tabLock } from './leadership.ts';
import { Rpc } from './rpc.ts';
import { channelPort, type DedicatedWorkerGlobalScopeLike, portOf } from './rpc-ports.ts';
import { createTabApi, TorrentUsers } from './tab-api.ts';
import { createWorkerRtc } from './worker-rtc.ts';

type Nothing = Record<string, never>;

const ownTab = new Rpc<WindowApi, WorkerApi>(portOf(self as unknown as DedicatedWorkerGlobalScopeLike), { boot });
const rtc = createWorkerRtc({
  offer: (id) => ownTab.call('offer', id),
  answer: (id, offer) => ownTab.call('answer', { id, offer }),
  accept: (id, answer) => ownTab.call('accept', { id, answer }),
  end: (id) => ownTab.tell('end', id),
});
ownTab.provide({ channel: rtc.channel, ended: rtc.ended });

function boot({ tab, settings }: Parameters<WorkerApi['boot']>[0]): void {
  void navigator.locks.request(leaderLock(settings.scope), () => lead(tab, settings));
}

/** Until the worker ends: only then does another tab lead. */
async function lead(tab: string, settings: EngineSettings): Promise<never> {
  const engine = await Engine.open({ settings, rtc: rtc.transport });
  const users = new TorrentUsers(engine);
  const served = new Map<string, Rpc<Nothing, EngineApi>>();
  const scope = new BroadcastChannel(scopeChannel(settings.scope));
  const say = (message: ScopeMessage): void => scope.postMessage(message);
  scope.onmessage = ({ data }: MessageEvent<ScopeMessage>) => {
    if (data.kind === 'who') say({ kind: 'leads', leader: tab });
    if (data.kind !== 'joins' || data.leader !== tab) return;
    if (!served.has(data.tab)) serve(data.tab);
    say({ kind: 'joined', leader: tab, tab: data.tab });
  };

  /** Serves another tab as long as it lives. */
  function serve(other: string): void {
    const { close, ...api } = createTabApi(engine, users, other);
    const port = channelPort(pairChannel(settings.scope, tab, other));
    const rpc = new Rpc<Nothing, EngineApi>(port, api);
    served.set(other, rpc);
    void navigator.locks.request(tabLock(settings.scope, other), () => {
      served.delete(other);
      rpc.close(new SwarmError('CLOSED', 'The tab is gone.'));
      return close();
    });
  }

  async function shutDown(): Promise<void> {
    // Other tabs hear nothing of the end: what they asked for is answered by the engine that comes next.
    scope.close();
    for (const rpc of served.values()) rpc.close(new SwarmError('CLOSED', 'Another tab takes over.'));
    await engine.close();
  }

  ownTab.provide({ ...createTabApi(engine, users, tab), shutDown });
  await ownTab.call('leads', null);
  say({ kind: 'leads', leader: tab });
  return new Promise<never>(() => {});
}
