import type { Logger } from '../../src/contracts/logger.ts';

/** A log line as it was given. */
export interface LogLine {
  readonly level: keyof Logger;
  readonly fields: object;
  readonly message: string;
}

/** Keeps what is logged, for tests that read it. */
export function recordingLogger(): Logger & { readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = [];
  const at =
    (level: keyof Logger) =>
    (fields: object, message: string): void => {
      lines.push({ level, fields, message });
    };
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** All lines as text, one line each. */
export function logText(logger: { readonly lines: readonly LogLine[] }): string {
  return logger.lines.map(({ message, fields }) => `${message} ${JSON.stringify(fields)}`).join('\n');
}
