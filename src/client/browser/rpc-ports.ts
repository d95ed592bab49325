/** A way to another thread or tab: messages arrive in order, or not at all. */
export interface RpcPort {
  /** Does it hand over buffers, instead of copying them? */
  readonly transfers: boolean;
  post(message: unknown, transfer: readonly Transferable[]): void;
  listen(onMessage: (message: unknown) => void): void;
  close(): void;
}

/** The other end of a worker, or a port of one. */
export function portOf(target: Worker | DedicatedWorkerGlobalScopeLike | MessagePort): RpcPort {
  return {
    transfers: true,
    post: (message, transfer) => target.postMessage(message, [...transfer]),
    listen: (onMessage) => {
      target.onmessage = ({ data }: MessageEvent) => onMessage(data);
    },
    close: () => {
      target.onmessage = null;
    },
  };
}

/** What of `self` in a worker is used. */
export interface DedicatedWorkerGlobalScopeLike {
  postMessage(message: unknown, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent) => unknown) | null;
}

/** A channel that two tabs share with nobody else. */
export function channelPort(name: string): RpcPort {
  const channel = new BroadcastChannel(name);
  return {
    transfers: false,
    post: (message) => channel.postMessage(message),
    listen: (onMessage) => {
      channel.onmessage = ({ data }) => onMessage(data);
    },
    close: () => channel.close(),
  };
}
