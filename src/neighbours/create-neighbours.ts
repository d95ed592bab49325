import { fromHex, toHex } from '../base/hex.ts';
import type { Grant } from '../contracts/access.ts';
import type { RefStore } from '../contracts/catalog.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Discovery, DiscoverySession } from '../contracts/discovery.ts';
import type { Files } from '../contracts/files.ts';
import type { FillHelper, Whereabouts } from '../contracts/fill-helper.ts';
import type { Logger } from '../contracts/logger.ts';
import { seedPathname } from '../hub-format/seed-urls.ts';
import type { WebSeeds } from '../source/web-seed.ts';
import { AddressList } from './address-list.ts';
import { askNeighbour } from './ask-neighbour.ts';
import { type Answer, compareTurns, type Question } from './question.ts';
import { Turns } from './turns.ts';

/** Smaller files come from the Hub in less time than a question takes. */
const SMALLEST = 1024 * 1024 + 1;
/** SHA-1 of "modelswarm neighbours 1": how servers recognise one another on the local network (BEP 14). */
const LAN_NAME = fromHex('7943facf0f33b8e38966ff495abc137b5383bc7e');

export interface NeighboursOptions {
  /** Addresses of servers: `http://10.0.0.2:8080`. */
  readonly urls: readonly string[];
  /** Finds more of them; undefined: only those that are configured are asked. */
  readonly lan: Discovery | undefined;
  readonly webSeeds: WebSeeds;
  readonly refs: Pick<RefStore, 'repo'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** This server among its neighbours: it asks them, and answers them. */
export interface Neighbourhood extends FillHelper {
  /** What a neighbour may know. */
  answer(question: Question, files: Pick<Files, 'whereabouts'>): Answer;
  /** Clients reach this server on `port`: the local network is told. 0: they do not, and it only listens. */
  listensOn(port: number): void;
  close(): Promise<void>;
}

/**
 * Of servers that look for one file at the same moment, the one whose turn is the lowest goes to the Hub; the others read from one with a lower
 * turn than theirs. Whoever reads from a neighbour says `absent` to all others. So nobody waits for somebody who waits for him.
 */
export function createNeighbours(options: NeighboursOptions): Neighbourhood {
  const { urls, lan, webSeeds, refs, clock, logger } = options;
  const id = toHex(crypto.getRandomValues(new Uint8Array(8)));
  const addresses = new AddressList(urls, clock);
  const turns = new Turns(id, clock);
  const stop = new AbortController();
  let session: DiscoverySession | undefined;

  async function ask(base: URL, question: Question): Promise<Place | undefined> {
    try {
      const answer = await askNeighbour(base, question, stop.signal);
      turns.heard(answer.time);
      if (answer.server === id) addresses.remove(base);
      else return { base, ...answer };
    } catch (error) {
      addresses.failed(base);
      if (!stop.signal.aborted)
        logger.warn({ neighbour: base.host, error: String(error) }, 'neighbour: left alone for 30 s');
    }
    return undefined;
  }

  /** Whoever has just come to the network has not heard of us. */
  function met(base: URL | undefined): void {
    if (!base) return;
    logger.info({ neighbour: base.host }, 'neighbour: found on the local network');
    session?.wantMore();
  }

  return {
    async find(grant) {
      const content = sharedContentOf(grant);
      if (!content) return undefined;
      const turn = turns.begin(content.sha256);
      const question = { repo: grant.repo, content, turn };
      const places = await Promise.all(addresses.usable().map((base) => ask(base, question)));
      const [best] = places
        .filter((place) => place !== undefined)
        .filter((place) => place.state !== 'absent' && (place.state !== 'asking' || compareTurns(place, turn) < 0))
        .sort((a, b) => RANK[a.state] - RANK[b.state] || compareTurns(a, b));
      if (!best) return undefined;
      const { base } = best;
      const url = new URL(seedPathname('hf', { ...grant, path: grant.entry.path }), base);
      return {
        source: webSeeds.source({ url, size: content.size, name: `neighbour:${base.host}` }),
        mode: 'instead',
        distrust() {
          addresses.distrust(base);
          logger.warn({ neighbour: base.host }, 'neighbour: sent wrong bytes; left alone for an hour');
        },
        close: async () => {},
      };
    },

    answer({ repo, content, turn }, files) {
      turns.heard(turn.time);
      // What is not known to be for everybody is nobody's business.
      const isPublic = refs.repo(repo)?.access === 'public';
      const state = isPublic ? files.whereabouts(content) : 'absent';
      if (state !== 'asking') return { server: id, state, time: 0 };
      const own = turns.find(content.sha256);
      return own ? { ...own, state } : { server: id, state: 'absent', time: 0 };
    },

    listensOn(port) {
      session ??= lan?.join({
        infoHash: LAN_NAME,
        peerId: new Uint8Array(20),
        port,
        isPrivate: false,
        stats: () => ({ uploaded: 0, downloaded: 0, left: 0 }),
        found: (peers): void => {
          for (const { host, port } of peers) met(addresses.found(host, port));
        },
      });
    },

    async close() {
      stop.abort();
      await session?.close();
      await lan?.close();
      webSeeds.close();
    },
  };
}

interface Place extends Answer {
  readonly base: URL;
}

const RANK: Readonly<Record<Whereabouts, number>> = { held: 0, filling: 1, asking: 2, absent: 3 };

/** What may be shared: files that the Hub gives to everybody, proved by their own SHA-256, of repos that seed routes can name. */
function sharedContentOf({ access, entry, repo }: Grant): Question['content'] | undefined {
  if (access !== 'public' || entry.sha256 === undefined || entry.size < SMALLEST) return undefined;
  if (!repo.id.includes('/')) return undefined;
  return { kind: 'lfs', sha256: entry.sha256, size: entry.size };
}
