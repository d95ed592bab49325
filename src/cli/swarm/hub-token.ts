import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../config-file.ts';

/** The user's own token, where `hf auth login` leaves it: HF_TOKEN, else the file of it; undefined: nobody. */
export async function hubToken(environment: Environment): Promise<string | undefined> {
  const { HF_TOKEN, HF_TOKEN_PATH, HF_HOME, XDG_CACHE_HOME, HF_HUB_DISABLE_IMPLICIT_TOKEN } = environment;
  if (HF_TOKEN) return HF_TOKEN.trim();
  if (/^(1|true|yes|on)$/i.test(HF_HUB_DISABLE_IMPLICIT_TOKEN ?? '')) return undefined;
  const home = HF_HOME || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface');
  const text = await readFile(HF_TOKEN_PATH || join(home, 'token'), 'utf8').catch(() => '');
  return text.trim() || undefined;
}
