/** modelswarm as a library: the mirror of the Hugging Face Hub, mounted in a Hono app or as a server of its own. */
export type { Clock } from './contracts/clock.ts';
export type { Logger } from './contracts/logger.ts';
export { type ErrorCode, type HubRefusal, isSwarmError, SwarmError, type SwarmErrorOptions } from './errors.ts';
export type { ProxyOptions } from './hub/dispatcher.ts';
export { createServer, type RunningServer } from './server/create-server.ts';
export { type Modelswarm, modelswarm } from './server/modelswarm.ts';
export type { ModelswarmOptions, ServerOptions } from './server/options.ts';
