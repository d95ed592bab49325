import { fileURLToPath } from 'node:url';
import { findHfPython } from '../../support/peers.ts';
import { runProgram } from '../../support/run-program.ts';
import type { ClientBed } from './client-bed.ts';

/** A function of huggingface_hub with its keyword arguments. */
export type Call = readonly [name: string, args: Readonly<Record<string, unknown>>];
/** What it returned, or the class and text of what it raised. */
export type Returned =
  | { readonly value: unknown; readonly error?: undefined }
  | { readonly error: string; readonly message: string };

const script = (name: string) => fileURLToPath(new URL(`python/${name}`, import.meta.url));
const python = findHfPython() ?? 'python3';

/** Makes the calls in one Python process inside the isolated network, with an empty cache. */
export async function callThroughMirror(
  bed: ClientBed,
  endpoint: string,
  calls: readonly Call[],
  env: Readonly<Record<string, string>> = {},
): Promise<Returned[]> {
  const args = [script('call.py'), JSON.stringify(calls)];
  const { stdout } = await bed.run(python, args, { env: { HF_ENDPOINT: endpoint, ...env } });
  return JSON.parse(stdout);
}

/** Makes the calls against the sample hub itself. Bytes of LFS files cannot be read so, for it has no Xet storage. */
export async function callHub(bed: ClientBed, calls: readonly Call[]): Promise<Returned[]> {
  const env = { HOME: await bed.folder(), HF_ENDPOINT: bed.hub.url };
  const { stdout } = await runProgram(python, [script('call.py'), JSON.stringify(calls)], { env });
  return JSON.parse(stdout);
}

/** Reads `[offset, length]` ranges of an open file of HfFileSystem; offsets below 0 count from the end. */
export async function readRanges(
  bed: ClientBed,
  endpoint: string,
  path: string,
  ranges: readonly (readonly [number, number])[],
): Promise<Buffer[]> {
  const args = [script('read_ranges.py'), path, JSON.stringify(ranges)];
  const { stdout } = await bed.run(python, args, { env: { HF_ENDPOINT: endpoint } });
  return (JSON.parse(stdout) as string[]).map((text) => Buffer.from(text, 'base64'));
}
