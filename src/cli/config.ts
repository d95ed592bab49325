import { SwarmError } from '../errors.ts';
import { defaultDataDir } from '../server/validate-options.ts';
import { closestWord } from './closest-word.ts';
import { type ConfigFile, type Environment, readConfigFile } from './config-file.ts';
import { settings } from './config-table.ts';
import { type Setting, type SettingValues, variableOf } from './setting.ts';

/** Where a value came from: a flag, a variable, the configuration file, or nowhere. */
export interface ConfigOrigin {
  readonly kind: 'flag' | 'env' | 'file' | 'default';
  /** `--port`, `MODELSWARM_PORT`, the path of the file; empty for defaults. */
  readonly name: string;
}

export interface ConfigEntry {
  readonly setting: Setting;
  /** Undefined when it is not set and has no default. */
  readonly value: unknown;
  readonly origin: ConfigOrigin;
}

export interface Config {
  readonly values: SettingValues;
  /** In the order of the table. */
  readonly entries: readonly ConfigEntry[];
  /** The configuration file that was read, if any. */
  readonly file: string | undefined;
  /** Things that are probably mistakes, for people to read. */
  readonly warnings: readonly string[];
}

/** Flags as they were typed: a text, several texts for lists, a boolean for switches; by the setting's name. */
export type TypedFlags = Readonly<Record<string, string | readonly string[] | boolean | undefined>>;

/**
 * Puts the configuration together: flags win over variables, those over the file, that over the defaults.
 * `configFile`: what `--config` named. Throws CONFIG naming the flag, the variable, or the key and its file.
 */
export async function loadConfig(options: {
  readonly flags: TypedFlags;
  readonly environment: Environment;
  readonly configFile?: string | undefined;
}): Promise<Config> {
  const { flags, environment } = options;
  const file = await readConfigFile(options.configFile, environment);
  const entries = settings.map(
    (setting): ConfigEntry =>
      fromFlag(setting, flags) ??
      fromVariable(setting, environment) ??
      fromFile(setting, file) ?? {
        setting,
        value: defaultOf(setting, environment),
        origin: { kind: 'default', name: '' },
      },
  );
  const set = entries.filter(({ value }) => value !== undefined);
  // Each value was checked against the schema of its row, which is what the type says.
  const values = Object.fromEntries(set.map(({ setting, value }) => [setting.name, value])) as unknown as SettingValues;
  return { values, entries, file: file?.path, warnings: unknownVariables(environment) };
}

function fromFlag(setting: Setting, flags: TypedFlags): ConfigEntry | undefined {
  const typed = flags[setting.name];
  if (typed === undefined) return undefined;
  const origin: ConfigOrigin = { kind: 'flag', name: `--${setting.flag}` };
  return { setting, origin, value: typeof typed === 'boolean' ? typed : fromText(setting, typed, origin.name) };
}

function fromVariable(setting: Setting, environment: Environment): ConfigEntry | undefined {
  for (const name of [variableOf(setting), ...(setting.standardVariables ?? [])]) {
    const typed = environment[name];
    // Kubernetes sets MODELSWARM_PORT=tcp://10.0.0.1:80 in every pod beside a service of that name.
    if (!typed || (setting.name === 'port' && /^(tcp|udp):\/\//.test(typed))) continue;
    const items = setting.kind.list ? typed.split(',').filter((item) => item.trim() !== '') : typed;
    return { setting, origin: { kind: 'env', name }, value: fromText(setting, items, name) };
  }
  return undefined;
}

function fromFile(setting: Setting, file: ConfigFile | undefined): ConfigEntry | undefined {
  const written = file?.content[setting.name];
  if (file === undefined || written === undefined) return undefined;
  const where = `"${setting.name}" in ${file.path}`;
  const origin: ConfigOrigin = { kind: 'file', name: file.path };
  if (setting.kind.list) {
    const items = Array.isArray(written) ? written : [written];
    if (!items.every((item) => typeof item === 'string')) throw wrong(where, setting);
    return { setting, origin, value: fromText(setting, items, where) };
  }
  if (typeof written === 'string') return { setting, origin, value: fromText(setting, written, where) };
  return { setting, origin, value: checked(setting, written, where) };
}

function defaultOf(setting: Setting, environment: Environment): unknown {
  if (setting.name === 'dataDir') return [defaultDataDir(environment)];
  return setting.default === undefined ? undefined : fromText(setting, setting.default, setting.name);
}

function fromText(setting: Setting, typed: string | readonly string[], where: string): unknown {
  const items = (typeof typed === 'string' ? [typed] : typed).map((item) => {
    const value = setting.kind.read(item.trim());
    if (value === undefined) throw wrong(where, setting, item);
    return value;
  });
  return checked(setting, setting.kind.list ? items : items[0], where);
}

function checked(setting: Setting, value: unknown, where: string): unknown {
  const issue = setting.schema.safeParse(value).error?.issues[0];
  if (issue) throw new SwarmError('CONFIG', `${where}: ${issue.message}.`);
  return value;
}

function wrong(where: string, setting: Setting, item?: string): SwarmError {
  const shown = item === undefined || setting.secret ? '' : `, not "${item.slice(0, 80)}"`;
  return new SwarmError('CONFIG', `${where}: expected ${setting.kind.expects}${shown}.`);
}

// Others may use the prefix too (Kubernetes does, for a service of that name), so an unknown variable is no error.
function unknownVariables(environment: Environment): string[] {
  const prefix = 'MODELSWARM_';
  const known = [...settings.map(variableOf), `${prefix}CONFIG`].map((name) => name.slice(prefix.length));
  return Object.keys(environment)
    .filter((name) => name.startsWith(prefix) && !known.includes(name.slice(prefix.length)))
    .flatMap((name) => {
      const meant = closestWord(name.slice(prefix.length), known);
      return meant === undefined ? [] : [`${name} means nothing here. Did you mean ${prefix}${meant}?`];
    });
}
