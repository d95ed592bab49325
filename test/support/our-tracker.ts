import { onTestFinished } from 'vitest';
import { startTracker } from '../../src/tracker/tracker-server.ts';

/** A tracker that wants to hear from everybody every few seconds, and its URL over HTTP or UDP. */
export async function ourTracker(host: string, protocol: 'http' | 'udp' | 'ws' = 'http'): Promise<string> {
  const running = await startTracker({ host, port: 0, intervalSeconds: 5 });
  onTestFinished(() => running.close());
  return `${protocol}://${host}:${running.port}/announce`;
}
