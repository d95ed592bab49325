import { type Command, Option } from 'commander';
import { type Config, loadConfig, type TypedFlags } from './config.ts';
import type { Environment } from './config-file.ts';
import { settings } from './config-table.ts';
import { type Setting, variableOf } from './setting.ts';

/** Gives a command one flag per setting, and `--config`. */
export function addConfigFlags(command: Command): Command {
  command.option('--config <file>', 'Configuration file, JSON (MODELSWARM_CONFIG).');
  for (const setting of settings) {
    command.addOption(flagOf(setting));
    if (setting.kind.placeholder === undefined) {
      command.addOption(new Option(`--no-${setting.flag}`).hideHelp());
    }
  }
  return command;
}

/** Loads the configuration of a command that has the flags. Throws CONFIG. */
export function loadCommandConfig(command: Command, environment: Environment): Promise<Config> {
  const typed: Readonly<Record<string, unknown>> = command.opts();
  const flags: TypedFlags = Object.fromEntries(
    settings.flatMap((setting) => {
      const key = new Option(`--${setting.flag}`).attributeName();
      // A `--no-x` makes commander give `x` the default `true`; only what was typed counts.
      const value = command.getOptionValueSource(key) === 'cli' ? typed[key] : undefined;
      return isTyped(value) ? [[setting.name, value]] : [];
    }),
  );
  return loadConfig({ flags, environment, configFile: typeof typed.config === 'string' ? typed.config : undefined });
}

function flagOf(setting: Setting): Option {
  const { kind, flag } = setting;
  const option = new Option(
    kind.placeholder === undefined ? `--${flag}` : `--${flag} <${kind.placeholder}>`,
    helpOf(setting),
  );
  option.helpGroup(`${setting.group}:`);
  if (kind.list) {
    option.argParser((item: string, before: readonly string[] | undefined) => [...(before ?? []), item]);
  }
  return option;
}

function helpOf(setting: Setting): string {
  const notes = [
    setting.kind.list ? 'can be repeated' : undefined,
    setting.default !== undefined && setting.default !== 'false' ? `default ${setting.default}` : undefined,
    setting.otherwise === undefined ? undefined : `default: ${setting.otherwise}`,
    variableOf(setting),
  ];
  return `${setting.help} (${notes.filter((note) => note !== undefined).join('; ')})`.replaceAll('`', '');
}

function isTyped(value: unknown): value is string | string[] | boolean {
  return typeof value === 'string' || typeof value === 'boolean' || Array.isArray(value);
}
