import { onTestFinished } from 'vitest';
import { startTracker } from '../../src/tracker/tracker-server.ts';

/** A tracker that wants to hear from everybody every few seconds (browsers: minutes, since each announce makes them new offers), and its URL. */
export async function ourTracker(host: string, protocol: 'http' | 'udp' | 'ws' = 'http'): Promise<string> {
  const running = await startTracker({ host, port: 0, intervalSeconds: protocol === 'ws' ? 600 : 5 });
  onTestFinished(() => running.close());
  return `${protocol}://${host}:${running.port}/announce`;
}
