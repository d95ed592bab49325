/** What one check of the set-up found. */
export interface Finding {
  readonly check: string;
  /** `warn`: works, but somebody should know. */
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
}

/** The message of anything thrown, with that of its cause unless it already has it. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, cause } = error;
  return cause instanceof Error && !message.includes(cause.message) ? `${message} (${cause.message})` : message;
}
