import { Counter, Gauge, Registry } from 'prom-client';
import type { StatsDocument } from '../torrents/documents.ts';
import type { TrackerStats } from '../tracker/create-tracker.ts';

/** What a server counts, for Prometheus. Numbers only: no repo, no address, no info-hash. */
export async function metricsPage(stats: StatsDocument, tracker: TrackerStats | undefined): Promise<Response> {
  const registry = new Registry();
  const show = (name: string, help: string, value: number): void =>
    new Gauge({ name: `modelswarm_${name}`, help, registers: [registry] }).set(value);
  const count = (name: string, help: string, value: number): void =>
    new Counter({ name: `modelswarm_${name}_total`, help, registers: [registry] }).inc(value);
  const { totals, cache } = stats;
  count('requests', 'Answers with bytes of files.', totals.requests);
  count('bytes_to_clients', 'Bytes of files to HTTP clients.', totals.bytesToClients);
  count('bytes_from_hub', 'Bytes of files from the Hub.', totals.bytesFromHub);
  count('bytes_by_peers', 'Bytes of files to BitTorrent peers.', totals.bytesByPeers);
  show('cache_bytes', 'Bytes that are held.', cache.bytes);
  if (tracker) {
    const { swarms, peers, sockets, counters } = tracker;
    show('tracker_swarms', 'Torrents that somebody has announced.', swarms);
    show('tracker_peers', 'Peers of all of them.', peers);
    show('tracker_sockets', 'WebSockets that are open.', sockets);
    const help = 'What the tracker has done, by kind.';
    const name = 'modelswarm_tracker_events_total';
    const events = new Counter({ name, help, labelNames: ['kind'], registers: [registry] });
    for (const [kind, value] of Object.entries(counters)) events.inc({ kind }, value);
  }
  return new Response(await registry.metrics(), {
    headers: { 'Content-Type': registry.contentType, 'Cache-Control': 'no-store' },
  });
}
