/** What one check of the set-up found. */
export interface Finding {
  readonly check: string;
  /** `warn`: works, but somebody should know. */
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
}

/** The message of anything thrown, with that of its cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
