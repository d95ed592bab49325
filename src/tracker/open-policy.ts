import type { Clock } from '../contracts/clock.ts';
import { SwarmError } from '../errors.ts';
import { type AllowList, openAllowList } from './allow-list.ts';
import type { TrackerSettings } from './create-tracker.ts';
import { isGoodTicket, readTicketKeys } from './tickets.ts';

export interface PolicyFiles {
  /** Torrents that may use the tracker. */
  readonly allowList?: string | undefined;
  /** Torrents that need a ticket. */
  readonly privateList?: string | undefined;
  /** Keys that tickets are made with. */
  readonly ticketKeys?: string | undefined;
}

/** What the operator's files say. */
export interface OpenPolicy {
  readonly allowed: AllowList | undefined;
  readonly tickets: TrackerSettings['tickets'];
  close(): void;
}

/** Opens the operator's files. Rejects with CONFIG when one cannot be read, or private torrents have no keys. */
export async function openPolicy(
  { allowList, privateList, ticketKeys }: PolicyFiles,
  options: { readonly clock: Clock; readonly onProblem: (message: string) => void },
): Promise<OpenPolicy> {
  if ((privateList === undefined) !== (ticketKeys === undefined))
    throw new SwarmError('CONFIG', 'A list of private torrents and the keys of their tickets go together.');
  const keys = ticketKeys === undefined ? undefined : await readTicketKeys(ticketKeys);
  const allowed = allowList === undefined ? undefined : await openAllowList(allowList, options);
  const secret = privateList === undefined ? undefined : await openAllowList(privateList, options);
  return {
    allowed,
    tickets: keys &&
      secret && {
        wants: (infoHash) => secret.has(infoHash),
        isGood: (infoHash, ticket) => isGoodTicket(keys, infoHash, ticket, options.clock),
      },
    close() {
      allowed?.close();
      secret?.close();
    },
  };
}
