import { constants } from 'node:os';

/** The reason of `Terminal.stop`: somebody wants the command to end. */
export class Interruption extends Error {
  override readonly name = 'Interruption';
  readonly signal: 'SIGINT' | 'SIGTERM';

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(`ended by ${signal}`);
    this.signal = signal;
  }
}

/**
 * Turns the first SIGINT or SIGTERM into an abort, so that the command can end in order; the second one ends the
 * process at once.
 */
export function listenForSignals(): { readonly stop: AbortSignal; dispose(): void } {
  const controller = new AbortController();
  const onSignal = (signal: 'SIGINT' | 'SIGTERM') => {
    if (controller.signal.aborted) process.exit(128 + constants.signals[signal]);
    controller.abort(new Interruption(signal));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    stop: controller.signal,
    dispose: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
