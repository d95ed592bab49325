import type { Logger } from '../contracts/logger.ts';

const drop = (): void => {};

/** The default logger: says nothing. */
export const silentLogger: Logger = { debug: drop, info: drop, warn: drop, error: drop };
