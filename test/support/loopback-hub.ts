import type { ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';
import type { HubClient } from '../../src/contracts/hub.ts';
import { createHubClient, type HubClientOptions } from '../../src/hub/hub-client.ts';
import { type LoopbackServer, loopbackServer, type SeenRequest } from './loopback-server.ts';

/** A client that closes with the test. Its retries do not wait. */
export function testHubClient(endpoint: string, options: Partial<HubClientOptions> = {}): HubClient {
  const client = createHubClient({ endpoint, random: () => 0, ...options });
  onTestFinished(() => client.close());
  return client;
}

/** A hub whose every answer is written out by the test, and a client of it. */
export async function scriptedHub(
  handler: (request: SeenRequest, response: ServerResponse) => void,
  options: Partial<HubClientOptions> = {},
): Promise<{ readonly server: LoopbackServer; readonly client: HubClient }> {
  const server = await loopbackServer(handler);
  return { server, client: testHubClient(server.url, options) };
}

/** All bytes that a source gives for a range. */
export async function readAll(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return new Uint8Array(Buffer.concat(parts));
}
