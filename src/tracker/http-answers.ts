import type { Selection, SwarmCounts } from '../contracts/swarm-state.ts';
import { addressText } from '../wire/compact-peers.ts';
import { ByteWriter } from './byte-writer.ts';
import { MOST_WANTED } from './options.ts';

/** The largest answer: dictionaries of IPv6 peers with their ids. */
const LARGEST = 1024 + MOST_WANTED * 110;

/** Seconds to the next announce. */
export interface AnnounceTimes {
  readonly interval: number;
  readonly minInterval: number;
}

/** Bencoded answers (BEP 3, 7, 23, 48), each valid until the next one is made. Keys stand in their order. */
export class HttpAnswers {
  readonly #writer = new ByteWriter(LARGEST);

  announce(counts: SwarmCounts, times: AnnounceTimes, selection: Selection): Uint8Array {
    const { v4, v6, count4, count6 } = selection;
    this.#begin(counts, times)
      .text('5:peers')
      .number(count4 * 6)
      .text(':')
      .bytes(v4, count4 * 6);
    if (count6 > 0)
      this.#writer
        .text('6:peers6')
        .number(count6 * 18)
        .text(':')
        .bytes(v6, count6 * 18);
    return this.#writer.text('e').written;
  }

  /** The same for clients that want no compact lists. `hasIds`: with the ids of the peers. */
  announceAtLength(
    counts: SwarmCounts,
    times: AnnounceTimes,
    selection: Required<Selection>,
    hasIds: boolean,
  ): Uint8Array {
    const { v4, v6, ids4, ids6, count4, count6 } = selection;
    this.#begin(counts, times).text('5:peersl');
    for (let at = 0; at < count4; at++) this.#peer(v4, at, 6, hasIds ? ids4 : undefined);
    for (let at = 0; at < count6; at++) this.#peer(v6, at, 18, hasIds ? ids6 : undefined);
    return this.#writer.text('ee').written;
  }

  /** `retryMinutes`: when to come again (BEP 31). */
  failure(reason: string, retryMinutes?: number): Uint8Array {
    const writer = this.#writer.reset().text('d14:failure reason').number(reason.length).text(':').text(reason);
    if (retryMinutes !== undefined) writer.text('8:retry ini').number(retryMinutes).text('e');
    return writer.text('e').written;
  }

  #begin({ seeders, leechers, completed }: SwarmCounts, { interval, minInterval }: AnnounceTimes): ByteWriter {
    const writer = this.#writer.reset();
    writer.text('d8:completei').number(seeders).text('e10:downloadedi').number(completed);
    writer.text('e10:incompletei').number(leechers).text('e8:intervali').number(interval);
    return writer.text('e12:min intervali').number(minInterval).text('e');
  }

  #peer(list: Uint8Array, index: number, size: number, ids: Uint8Array | undefined): void {
    const at = index * size;
    const host = addressText(list.subarray(at, at + size - 2));
    const port = ((list[at + size - 2] as number) << 8) | (list[at + size - 1] as number);
    const writer = this.#writer.text('d2:ip').number(host.length).text(':').text(host);
    if (ids) writer.text('7:peer id20:').bytes(ids.subarray(index * 20, index * 20 + 20));
    writer.text('4:porti').number(port).text('ee');
  }
}

/** The answer to a scrape: counts by info-hash, in the order of these. BEP 21: `downloaders` are those who want more. */
export function scrapeAnswer(
  files: readonly { readonly infoHash: Uint8Array; readonly counts: SwarmCounts }[],
): Uint8Array {
  const sorted = [...files].sort((a, b) => Buffer.compare(a.infoHash, b.infoHash));
  const writer = new ByteWriter(64 + files.length * 200).text('d5:filesd');
  for (const { infoHash, counts } of sorted) {
    writer.text('20:').bytes(infoHash).text('d8:completei').number(counts.seeders);
    writer.text('e10:downloadedi').number(counts.completed);
    writer.text('e11:downloadersi').number(counts.leechers - counts.partialSeeds);
    writer.text('e10:incompletei').number(counts.leechers).text('ee');
  }
  return writer.text('e5:flagsd20:min_request_intervali300eee').written;
}
