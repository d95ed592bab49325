import { SwarmError } from '../errors.ts';

/** Deeper JSON than this is not an answer of the Hub, and would overflow the stack of whoever writes it out again. */
const MAX_DEPTH = 128;

/**
 * Deletes `xetHash` and `xetEnabled` from a parsed JSON document, in place, at any depth. A client that sees them goes
 * around the mirror to the Xet servers.
 *
 * @throws SwarmError UPSTREAM_INVALID when the document is nested deeper than 128 levels.
 */
export function removeXetKeys(json: unknown): void {
  let level: unknown[] = [json];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) throw new SwarmError('UPSTREAM_INVALID', 'The JSON of the Hub is nested too deeply.');
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value !== 'object' || value === null) continue;
      if (!Array.isArray(value)) {
        const record = value as Record<string, unknown>;
        delete record.xetHash;
        delete record.xetEnabled;
      }
      for (const child of Object.values(value)) if (typeof child === 'object' && child !== null) next.push(child);
    }
    level = next;
  }
}
