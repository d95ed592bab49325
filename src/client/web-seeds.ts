import type { RangeSource } from '../contracts/range-source.ts';
import type { Torrent } from '../metainfo/torrent.ts';
import type { WebSeeds } from '../source/web-seed.ts';
import { webSeedUrl } from '../source/web-seed-url.ts';
import type { TorrentSource } from '../swarm/source-lanes.ts';

/** Web seeds of a torrent that are used. */
const MOST_SEEDS = 20;

/** The web seeds of a torrent (BEP 19) as sources of its files. URLs that cannot be are left out. */
export function webSeedsOf(
  torrent: Torrent,
  urls: readonly string[],
  seeds: Pick<WebSeeds, 'source'>,
): TorrentSource[] {
  const usable = [...new Set(urls)].filter((url) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol));
  return usable.slice(0, MOST_SEEDS).map((url) => webSeed(torrent, url, seeds));
}

function webSeed(torrent: Torrent, seed: string, seeds: Pick<WebSeeds, 'source'>): TorrentSource {
  const sources = new Map<number, RangeSource>();
  const name = `web-seed:${new URL(seed).host}`;
  return {
    name,
    fileSource(index) {
      const file = torrent.files[index];
      if (!file || file.isPad || file.symlink !== undefined) return undefined;
      const known = sources.get(index);
      if (known) return known;
      const source = seeds.source({ url: webSeedUrl(seed, torrent, file), size: file.length, name });
      sources.set(index, source);
      return source;
    },
  };
}
