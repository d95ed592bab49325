/** Values with units, as people write them in flags, environment variables and configuration files. */

const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  pb: 1e15,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
  pib: 2 ** 50,
};

const DURATION_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 60e3, h: 3600e3, d: 86_400e3 };

const NUMBER_WITH_UNIT = /^(\d{1,15}(?:\.\d{1,6})?)\s*([a-z]*)$/;

/** `200GB`, `1.5TiB`, `1048576` in bytes; undefined when it is none. */
export function parseSize(text: string): number | undefined {
  return scaled(text, SIZE_UNITS);
}

/** `50MB/s` (the `/s` may be left out) in bytes per second; undefined when it is none, or 0. */
export function parseByteRate(text: string): number | undefined {
  const rate = parseSize(text.trim().replace(/\/s$/i, ''));
  return rate === 0 ? undefined : rate;
}

/** `500ms`, `60s`, `5m`, `2h`, `1d` in milliseconds; undefined when it is none (a bare number has no unit, except 0). */
export function parseDuration(text: string): number | undefined {
  return text.trim() === '0' ? 0 : scaled(text, DURATION_UNITS);
}

/** `20/s`, `600/m` in events per second; undefined when it is none, or 0. */
export function parseEventRate(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,9}(?:\.\d{1,3})?)\s*\/\s*(s|m|h)$/i.exec(text.trim()) ?? [];
  if (count === undefined || unit === undefined) return undefined;
  const rate = Number(count) / { s: 1, m: 60, h: 3600 }[unit.toLowerCase() as 's' | 'm' | 'h'];
  return rate > 0 ? rate : undefined;
}

/** Bytes for people, in the unit that fits: `1.5 GB`. */
export function formatSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** The same number of bytes in the largest unit that needs no fraction: `10GiB`, `1500MB`. */
export function exactSize(bytes: number): string {
  const fitting = ['PiB', 'PB', 'TiB', 'TB', 'GiB', 'GB', 'MiB', 'MB', 'KiB', 'kB'].find(
    (unit) => bytes > 0 && bytes % (SIZE_UNITS[unit.toLowerCase()] ?? 1) === 0,
  );
  return fitting === undefined ? String(bytes) : `${bytes / (SIZE_UNITS[fitting.toLowerCase()] ?? 1)}${fitting}`;
}

function scaled(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, digits, unit] = NUMBER_WITH_UNIT.exec(text.trim().toLowerCase()) ?? [];
  const factor = unit === undefined ? undefined : units[unit];
  if (digits === undefined || factor === undefined) return undefined;
  const value = Math.round(Number(digits) * factor);
  return Number.isSafeInteger(value) ? value : undefined;
}
