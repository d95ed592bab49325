import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { SwarmError } from '../errors.ts';
import { closestWord } from './closest-word.ts';
import { settings } from './config-table.ts';

/** Environment variables, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A configuration file is small; anything larger is the wrong file. */
const MAX_FILE_BYTES = 1024 * 1024;

/** A configuration file, parsed but not yet checked value by value. */
export interface ConfigFile {
  readonly path: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/**
 * Reads the configuration file: the one that was named, else `MODELSWARM_CONFIG`, else the usual place if there is one.
 * Throws CONFIG when a named one is missing, when it is not a JSON object, and for keys that are no setting.
 */
export async function readConfigFile(
  named: string | undefined,
  environment: Environment,
): Promise<ConfigFile | undefined> {
  const path = named ?? (environment.MODELSWARM_CONFIG || undefined) ?? defaultConfigFile(environment);
  let json: string;
  try {
    const bytes = await readFile(path);
    if (bytes.length > MAX_FILE_BYTES) throw new SwarmError('CONFIG', `${path} is larger than 1 MiB.`);
    json = bytes.toString('utf8');
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (missing && named === undefined && !environment.MODELSWARM_CONFIG) return undefined;
    if (error instanceof SwarmError) throw error;
    throw new SwarmError('CONFIG', `The configuration file ${path} cannot be read.`, { cause: error });
  }
  let content: unknown;
  try {
    content = JSON.parse(json.replace(/^\ufeff/, ''));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SwarmError('CONFIG', `${path} is not valid JSON: ${reason}`, { cause: error });
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new SwarmError('CONFIG', `${path} must hold one JSON object, like {"port": 8080}.`);
  }
  const names = settings.map(({ name }) => name);
  for (const key of Object.keys(content)) {
    if (key !== '$schema' && !names.some((name) => name === key)) {
      throw new SwarmError('CONFIG', `${path}: unknown setting "${key}"${suggestion(key, names)}.`);
    }
  }
  return { path, content: { ...content } };
}

function defaultConfigFile(environment: Environment): string {
  const home = environment.XDG_CONFIG_HOME;
  return join(home !== undefined && isAbsolute(home) ? home : join(homedir(), '.config'), 'modelswarm', 'config.json');
}

function suggestion(typed: string, words: readonly string[]): string {
  const meant = closestWord(typed, words);
  return meant === undefined ? '' : ` (did you mean "${meant}"?)`;
}
