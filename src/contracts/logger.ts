/** Structured log sink; pino satisfies it as it is. Fields, never tokens or signed URLs. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
