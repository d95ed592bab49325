import { type LoggerOptions, type Logger as Pino, pino } from 'pino';

/** A line of ours as pino writes it. */
interface LogRecord {
  readonly level: number;
  readonly time: number;
  readonly msg?: string;
  readonly [field: string]: unknown;
}

const LEVEL_NAMES: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' };
// Fields that no log line may show, should one ever be passed by mistake.
const SECRETS = ['token', 'authorization', 'location', '*.token', '*.authorization', '*.location'];

/**
 * The log of the command, on stderr: JSON lines, or text for people. `format` `auto` writes text to a terminal.
 * `level`: silent, error, warn, info or debug.
 */
export function createLog(options: {
  readonly level: string;
  readonly format: string;
  readonly stderr: NodeJS.WriteStream;
}): Pino {
  const { level, format, stderr } = options;
  const settings: LoggerOptions = {
    level,
    base: null,
    redact: { paths: SECRETS, censor: '***' },
    serializers: { error: pino.stdSerializers.err },
  };
  const asText = format === 'text' || (format === 'auto' && stderr.isTTY);
  const write = (line: string) => stderr.write(asText ? textLine(line) : line);
  return pino(settings, { write });
}

/** `10:02:03 warn  fill: failed  file=org/model/a.bin error="..."` */
export function textLine(json: string): string {
  const { level, time, msg = '', ...fields }: LogRecord = JSON.parse(json);
  const clock = new Date(time).toTimeString().slice(0, 8);
  const shown = Object.entries(fields).map(([name, value]) => `${name}=${fieldText(value)}`);
  return `${clock} ${(LEVEL_NAMES[level] ?? String(level)).padEnd(5)} ${[msg, ...shown].join('  ')}\n`;
}

function fieldText(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'stack' in value && typeof value.stack === 'string') {
    return value.stack;
  }
  // A name from outside must not be able to move the cursor of somebody's terminal.
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[\x21-\x7e]+$/.test(text) && !text.includes('"') ? text : JSON.stringify(text);
}
