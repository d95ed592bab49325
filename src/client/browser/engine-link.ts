import { isSwarmError, SwarmError } from '../../errors.ts';
import type { EngineApi, WorkerApi } from './engine-api.ts';
import { pairChannel, type ScopeMessage, scopeChannel } from './leadership.ts';
import { Rpc } from './rpc.ts';
import { channelPort } from './rpc-ports.ts';

type Nothing = Record<string, never>;
export type EngineRpc = Pick<Rpc<EngineApi, Nothing>, 'call'>;

/** For the answer of a leader; then it is asked again who leads. */
const PATIENCE_MS = 2000;

/** The way of a tab to the engine that works for all tabs, wherever it is. When another tab takes over, calls that were under way reject with CLOSED. */
export class EngineLink {
  /** Another engine works from now on: it knows nothing of us yet. */
  onChange: () => void = () => {};
  readonly #scope: string;
  readonly #tab: string;
  readonly #own: Rpc<WorkerApi, never>;
  readonly #channel: BroadcastChannel;
  #engine = Promise.withResolvers<EngineRpc>();
  #leader: string | undefined;
  #remote: Rpc<EngineApi, Nothing> | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isConnected = false;
  #isClosed = false;

  constructor(options: { readonly scope: string; readonly tab: string; readonly own: Rpc<WorkerApi, never> }) {
    this.#scope = options.scope;
    this.#tab = options.tab;
    this.#own = options.own;
    this.#engine.promise.catch(() => {});
    this.#channel = new BroadcastChannel(scopeChannel(options.scope));
    this.#channel.onmessage = ({ data }: MessageEvent<ScopeMessage>) => this.#take(data);
    this.#ask();
  }

  /** Does the engine run in the worker of this tab? */
  get isLeader(): boolean {
    return this.#leader === this.#tab;
  }

  /**
   * Calls the engine, when there is one; another one again, when that has taken over in the middle. Rejects with what the calls reject with, and CLOSED
   * after `close`.
   */
  async run<T>(work: (engine: EngineRpc) => Promise<T>): Promise<T> {
    for (;;) {
      const engine = await this.#engine.promise;
      try {
        return await work(engine);
      } catch (error) {
        const isOver = !isSwarmError(error, 'CLOSED') || this.#isClosed || engine === (await this.#engine.promise);
        if (isOver) throw error;
      }
    }
  }

  /** The worker of this tab has taken over. */
  leads(): void {
    this.#renew(this.#tab);
    this.#connected(this.#own as unknown as EngineRpc);
  }

  close(reason: SwarmError): void {
    this.#isClosed = true;
    this.#settled();
    this.#remote?.close(reason);
    this.#engine.reject(reason);
    this.#channel.close();
  }

  #take(message: ScopeMessage): void {
    if (message.kind === 'leads' && message.leader !== this.#leader) this.#join(message.leader);
    if (message.kind === 'joined' && message.leader === this.#leader && message.tab === this.#tab)
      this.#joined(message.leader);
  }

  #join(leader: string): void {
    this.#renew(leader);
    this.#say({ kind: 'joins', leader, tab: this.#tab });
    this.#ask();
  }

  #joined(leader: string): void {
    if (this.#remote) return;
    const port = channelPort(pairChannel(this.#scope, leader, this.#tab));
    this.#remote = new Rpc<EngineApi, Nothing>(port, {});
    this.#connected(this.#remote);
  }

  #connected(engine: EngineRpc): void {
    this.#isConnected = true;
    this.#engine.resolve(engine);
    this.#settled();
    this.onChange();
  }

  /** What was asked of the leader before will not be answered. */
  #renew(leader: string): void {
    this.#leader = leader;
    this.#remote?.close(new SwarmError('CLOSED', 'The tab that worked for this one is gone.'));
    this.#remote = undefined;
    // Who waits for an engine goes on waiting.
    if (this.#isConnected) this.#engine = Promise.withResolvers<EngineRpc>();
    this.#isConnected = false;
    this.#engine.promise.catch(() => {});
  }

  /** Until somebody has answered. */
  #ask(): void {
    this.#settled();
    const ask = (): void => this.#say({ kind: 'who' });
    ask();
    this.#timer = setInterval(() => {
      this.#leader = undefined;
      ask();
    }, PATIENCE_MS);
  }

  #settled(): void {
    clearInterval(this.#timer);
  }

  #say(message: ScopeMessage): void {
    if (!this.#isClosed) this.#channel.postMessage(message);
  }
}
