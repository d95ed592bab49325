import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fromHex } from '../base/hex.ts';
import type { Clock } from '../contracts/clock.ts';
import { SwarmError } from '../errors.ts';

const PURPOSE = 'modelswarm tracker ticket 1';
const MAC_BYTES = 16;
/** Key id, expiry in seconds, MAC. */
const TICKET_BYTES = 1 + 4 + MAC_BYTES;

/** Keys by their id, 0 to 255. The first signs; all of them are believed. */
export interface TicketKeys {
  readonly signing: number;
  readonly keys: ReadonlyMap<number, Uint8Array>;
}

/**
 * Reads a file of keys: one per line, `<id> <64 hex digits>`, `#` before comments. The first one signs. To rotate, put a new key with another id first, and take the old one out when
 * the last ticket that it signed has expired. Rejects with CONFIG.
 */
export async function readTicketKeys(path: string): Promise<TicketKeys> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new SwarmError('CONFIG', `${path} cannot be read.`, { cause });
  });
  const keys = new Map<number, Uint8Array>();
  for (const [index, line] of text.split('\n').entries()) {
    const words = line.replace(/#.*/, '').trim();
    if (words === '') continue;
    const [, id = '', hex = ''] = /^(\d{1,3})\s+([0-9a-f]{64})$/i.exec(words) ?? [];
    // The key itself is not for a message.
    if (hex === '' || Number(id) > 255 || keys.has(Number(id)))
      throw new SwarmError(
        'CONFIG',
        `${path}, line ${index + 1}: a key is an id of its own, 0 to 255, and 64 hex digits.`,
      );
    keys.set(Number(id), fromHex(hex));
  }
  const [signing] = keys.keys();
  if (signing === undefined) throw new SwarmError('CONFIG', `${path} has no key.`);
  return { signing, keys };
}

/**
 * Makes a ticket for one torrent: base64url of key id, expiry and MAC.
 *
 * @param infoHash 20 bytes.
 * @param expiresAt milliseconds since the epoch.
 */
export function createTicket({ signing, keys }: TicketKeys, infoHash: Uint8Array, expiresAt: number): string {
  const key = keys.get(signing);
  if (!key) throw new SwarmError('CONFIG', 'There is no key to sign with.');
  const bytes = Buffer.alloc(TICKET_BYTES);
  bytes[0] = signing;
  bytes.writeUInt32BE(Math.floor(expiresAt / 1000), 1);
  macOf(key, infoHash, bytes.subarray(0, 5)).copy(bytes, 5);
  return bytes.toString('base64url');
}

/** Was this ticket made with one of the keys, for this torrent, and has it not expired? */
export function isGoodTicket(ticketKeys: TicketKeys, infoHash: Uint8Array, ticket: string, clock: Clock): boolean {
  const bytes = Buffer.from(ticket, 'base64url');
  const key = ticketKeys.keys.get(bytes[0] ?? -1);
  if (bytes.length !== TICKET_BYTES || !key || bytes.readUInt32BE(1) * 1000 <= clock.now()) return false;
  return timingSafeEqual(macOf(key, infoHash, bytes.subarray(0, 5)), bytes.subarray(5));
}

function macOf(key: Uint8Array, infoHash: Uint8Array, head: Uint8Array): Buffer {
  return createHmac('sha256', key).update(PURPOSE).update(infoHash).update(head).digest().subarray(0, MAC_BYTES);
}
