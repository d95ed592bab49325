import { randomInt } from 'node:crypto';
import { leaveOnAbort } from '../base/leave-on-abort.ts';
import { systemClock } from '../base/system-clock.ts';
import type { Clock } from '../contracts/clock.ts';
import { isSwarmError, SwarmError } from '../errors.ts';
import { answersOf, mergeAnswers } from './merge-answers.ts';
import { type Lookup, systemLookup, TrackerAddresses } from './tracker-addresses.ts';
import { type AnnounceAnswer, type AnnounceRequest, MOST_SCRAPED, type TrackerClient } from './tracker-client.ts';
import { trackerFailed } from './tracker-error.ts';
import { UdpConnections } from './udp-connections.ts';
import { encodeAnnounce, encodeConnect, encodeScrape, type PacketHead, type UdpAnswer } from './udp-messages.ts';
import { type Endpoint, UdpTrackerSocket } from './udp-socket.ts';

/** The first try waits so long for its answer, each further one twice as long as the one before. */
const FIRST_WAIT_MS = 15_000;
const TRIES = 3;

export interface UdpTrackerOptions {
  readonly clock?: Clock;
  /** 32 bits that nobody guesses: an answer is believed that repeats them. */
  readonly randomId?: () => number;
  readonly lookup?: Lookup;
  /** May this address be asked? Default: any. */
  readonly allow?: (address: string) => boolean;
}

/** All trackers over UDP, until it is closed. */
export interface UdpTracker extends TrackerClient {
  /** What still waits is rejected with CLOSED. */
  close(): Promise<void>;
}

/**
 * Talks to trackers over UDP (BEP 15, 41), at their IPv4 and at their IPv6 address. One socket for each family, opened when it is
 * needed; connection ids are shared by all torrents.
 */
export function createUdpTracker(options: UdpTrackerOptions = {}): UdpTracker {
  const { clock = systemClock, randomId = () => randomInt(2 ** 32) } = options;
  const { lookup = systemLookup, allow = () => true } = options;
  const addresses = new TrackerAddresses({ clock, lookup, allow });
  const sockets = {
    4: new UdpTrackerSocket(4, { clock, randomId }),
    6: new UdpTrackerSocket(6, { clock, randomId }),
  };
  const stop = new AbortController();

  const withRetries = async (
    { family }: Endpoint,
    ask: (socket: UdpTrackerSocket, milliseconds: number) => Promise<UdpAnswer | undefined>,
  ): Promise<UdpAnswer> => {
    for (let tried = 0; tried < TRIES; tried += 1) {
      const answer = await ask(sockets[family], FIRST_WAIT_MS * 2 ** tried);
      if (answer) return answer;
    }
    throw new Error(`it did not answer ${TRIES} packets`);
  };

  const connections = new UdpConnections(clock, async (endpoint) => {
    const answer = await withRetries(endpoint, (socket, milliseconds) =>
      socket.ask(endpoint, 'connect', encodeConnect, { milliseconds, signal: stop.signal }),
    );
    if (answer.action === 'connect') return answer.connectionId;
    throw refusal(answer);
  });

  const exchange = async <A extends UdpAnswer['action']>(
    endpoint: Endpoint,
    action: A,
    encode: (head: PacketHead) => Uint8Array,
    signal: AbortSignal,
  ): Promise<UdpAnswer & { action: A }> => {
    const answer = await withRetries(endpoint, async (socket, milliseconds) => {
      const connectionId = await leaveOnAbort(connections.idOf(endpoint), signal);
      const encodeAs = (transaction: number) => encode({ connectionId, transaction });
      return socket.ask(endpoint, action, encodeAs, { milliseconds, signal });
    });
    if (answer.action === action) return answer as UdpAnswer & { action: A };
    // What it does not like may well be the connection id.
    connections.forget(endpoint);
    throw refusal(answer);
  };

  /** Asks at each address of the tracker; what goes wrong is told as the tracker's. */
  const atEach = async <T>(
    tracker: string,
    signal: AbortSignal,
    ask: (endpoint: Endpoint, signal: AbortSignal) => Promise<T>,
  ): Promise<readonly T[]> => {
    const leave = new AbortController();
    const either = AbortSignal.any([signal, stop.signal, leave.signal]);
    try {
      either.throwIfAborted();
      const endpoints = await leaveOnAbort(addresses.endpoints(tracker), either);
      const tries = endpoints.map((endpoint) => ask(endpoint, either));
      return await answersOf(tries, clock);
    } catch (error) {
      either.throwIfAborted();
      if (isSwarmError(error)) throw error;
      throw trackerFailed(tracker, error instanceof Error ? error.message : 'it cannot be reached', { cause: error });
    } finally {
      leave.abort();
    }
  };

  return {
    announce: async (tracker: string, request: AnnounceRequest, signal: AbortSignal): Promise<AnnounceAnswer> => {
      const answers = await atEach(tracker, signal, async (endpoint, signal) => {
        const encode = (head: PacketHead) => encodeAnnounce(head, request, urlDataOf(tracker));
        return (await exchange(endpoint, 'announce', encode, signal)).answer;
      });
      return mergeAnswers(answers);
    },
    scrape: async (tracker, infoHashes, signal) => {
      if (infoHashes.length > MOST_SCRAPED) throw new RangeError(`more than ${MOST_SCRAPED} info-hashes`);
      const [counts = []] = await atEach(tracker, signal, async (endpoint, signal) => {
        const encode = (head: PacketHead) => encodeScrape(head, infoHashes);
        return (await exchange(endpoint, 'scrape', encode, signal)).counts;
      });
      return infoHashes.map((_, index) => counts[index]);
    },
    close: async () => {
      stop.abort(new SwarmError('CLOSED', 'The UDP trackers were closed.'));
      await Promise.all([sockets[4].close(), sockets[6].close()]);
    },
  };
}

function urlDataOf(tracker: string): string {
  const { pathname, search } = new URL(tracker);
  return pathname === '/' && search === '' ? '' : pathname + search;
}

function refusal(answer: UdpAnswer): Error {
  const said = answer.action === 'error' && answer.message !== '' ? answer.message : 'and did not say why';
  return new Error(`it refused: ${said}`);
}
