import { onTestFinished } from 'vitest';
import { createSampleHub, type SampleHub, type SampleHubOptions } from '../../src/sample-hub/index.ts';

/** A sample hub that closes when the test ends. */
export async function sampleHub(options: SampleHubOptions): Promise<SampleHub> {
  const hub = await createSampleHub(options);
  onTestFinished(() => hub.close());
  return hub;
}

/** An answer, read to its end. */
export interface Asked {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  readonly text: string;
  /** The body as JSON of the shape that the caller expects. */
  json<T>(): T;
}

/**
 * One request, as a client that follows no redirects and wants no compression.
 * @param url absolute
 */
export async function ask(
  url: string,
  init: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Asked> {
  const headers = { 'accept-encoding': 'identity', ...init.headers };
  const response = await fetch(url, { ...init, headers, redirect: 'manual' });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const text = new TextDecoder().decode(bytes);
  return { status: response.status, headers: response.headers, bytes, text, json: <T>() => JSON.parse(text) as T };
}
