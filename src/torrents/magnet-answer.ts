import { toHex } from '../base/hex.ts';
import type { Exchange } from '../http/exchange.ts';
import type { SealedTorrent } from '../metainfo/canonical.ts';
import { formatMagnet } from '../metainfo/magnet.ts';
import { jsonAnswer } from './answers.ts';
import type { MagnetDocument } from './documents.ts';
import { describeSubject, type Subject } from './subject.ts';
import type { TorrentFileOptions } from './torrent-file-answer.ts';

type MagnetOptions = Pick<TorrentFileOptions, 'addresses' | 'trackers' | 'peers' | 'swarm'>;

/** The magnet link: as JSON, or as one line of text for whoever asks for `text/plain`. */
export function magnetAnswer(
  { request }: Exchange,
  subject: Subject,
  { infoHash, infoHashV2, layout }: SealedTorrent,
  { addresses, trackers, peers, swarm }: MagnetOptions,
): Response {
  const webSeeds = addresses.webSeeds(subject, layout.version);
  const torrent = addresses.torrent(subject);
  const variant = infoHash && infoHashV2 ? '' : infoHash ? '?v=1' : '?v=2';
  const magnetUri = formatMagnet({
    ...(infoHash ? { infoHash } : {}),
    ...(infoHashV2 ? { infoHashV2 } : {}),
    name: new TextDecoder().decode(layout.name),
    length: layout.length,
    trackers: trackers(),
    webSeeds,
    exactSources: torrent === undefined ? [] : [torrent + variant],
    peers: peers(),
  });
  if (/\btext\/plain\b/.test(request.headers.get('accept') ?? '')) {
    return new Response(`${magnetUri}\n`, {
      headers: {
        'Content-Type': 'text/plain; charset=utf-8',
        'Cache-Control': 'no-store',
        'X-Content-Type-Options': 'nosniff',
      },
    });
  }
  const counts = swarm([infoHash, infoHashV2?.subarray(0, 20)].filter((hash) => hash !== undefined));
  const document: MagnetDocument = {
    magnetUri,
    ...describeSubject(subject),
    webSeed: webSeeds[0] ?? null,
    infoHash: infoHash ? toHex(infoHash) : null,
    infoHashV2: infoHashV2 ? toHex(infoHashV2) : null,
    swarm: counts ? { seeders: counts.seeders, leechers: counts.leechers, completed: counts.completed } : null,
  };
  return jsonAnswer(200, document);
}
