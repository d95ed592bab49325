import { type QueryFacts, readAnnounceQuery, readBytes } from './announce-query.ts';
import { Announcement } from './announcement.ts';
import type { Asker } from './asker.ts';
import { HttpAnswers, scrapeAnswer } from './http-answers.ts';
import type { TrackerCore } from './tracker-core.ts';

const MOST_SCRAPED = 100;
/** Longer ones are no announce: 20 bytes twice, percent-encoded, are 120, and a scrape of a hundred torrents has 7,200. */
const LONGEST_URL = 8000;
const RETRY_MINUTES = 1;

/** The tracker's HTTP without the HTTP: from the URL of a GET to the body of its answer (BEP 3, 7, 21, 23, 31, 48). */
export class HttpTracker {
  readonly #core: TrackerCore;
  readonly #announcement = new Announcement();
  readonly #facts: QueryFacts = { port: 0, left: 0 };
  readonly #answers = new HttpAnswers();

  constructor(core: TrackerCore) {
    this.#core = core;
  }

  /** The body of the answer, valid until the next one; undefined: the URL is not the tracker's. `url`: path and query as they came. */
  answer(url: string, asker: Asker): Uint8Array | undefined {
    const isAnnounce = url.startsWith('/announce');
    const end = isAnnounce ? 9 : 7;
    if (!isAnnounce && !url.startsWith('/scrape')) return undefined;
    // 63 is "?"; some clients put a slash before it.
    const next = url.charCodeAt(end) === 47 ? end + 1 : end;
    if (next !== url.length && url.charCodeAt(next) !== 63) return undefined;
    if (url.length > LONGEST_URL) return this.#answers.failure('the URL is too long');
    return isAnnounce ? this.#announce(url, next + 1, asker) : this.#scrape(url, next + 1, asker);
  }

  #announce(url: string, start: number, asker: Asker): Uint8Array {
    const { bytes, client } = asker;
    const [core, answers, announcement] = [this.#core, this.#answers, this.#announcement];
    const problem = readAnnounceQuery(url, start, announcement, this.#facts);
    if (problem !== undefined) return answers.failure(problem);
    if (!bytes) return answers.failure('your address cannot be read');
    announcement.setAddress(bytes, this.#facts.port);
    announcement.setRole(this.#facts.left);
    announcement.reachedAt = core.options.ownSeed && asker.reachedAt;
    const refusal = core.announce(announcement, client);
    if (refusal !== undefined)
      return answers.failure(refusal, refusal.startsWith('too many') ? RETRY_MINUTES : undefined);
    const counts = core.counts(announcement.infoHash);
    const times = { interval: core.interval(), minInterval: core.minInterval };
    return announcement.isCompact
      ? answers.announce(counts, times, core.selection)
      : answers.announceAtLength(counts, times, core.selection, announcement.hasIds);
  }

  #scrape(url: string, start: number, { client }: Asker): Uint8Array {
    const [core, answers] = [this.#core, this.#answers];
    if (!core.admitsScrape(client)) return answers.failure(core.limited(), RETRY_MINUTES);
    const files = [];
    const ticket = /(?:^|&)ticket=([^&]{1,500})/.exec(url.slice(start))?.[1];
    for (const pair of url.slice(start).split('&', MOST_SCRAPED + 1)) {
      if (!pair.startsWith('info_hash=')) continue;
      const infoHash = new Uint8Array(20);
      if (!readBytes(pair, 10, pair.length, infoHash)) return answers.failure('info_hash must have 20 bytes');
      files.push({ infoHash, counts: core.publicCounts(infoHash, ticket) });
    }
    // All of them are nobody's business.
    if (files.length === 0) return answers.failure('info_hash is missing');
    if (files.length > MOST_SCRAPED) return answers.failure(`not more than ${MOST_SCRAPED} info_hash at a time`);
    return scrapeAnswer(files);
  }
}
