const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** A count of bytes for people: `2.5 GB`. Powers of 1,000, as disks are sold. */
export function formatByteCount(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 999.95 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}
