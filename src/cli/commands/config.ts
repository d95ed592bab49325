import type { Command } from 'commander';
import type { Config, ConfigEntry } from '../config.ts';
import { addConfigFlags, loadCommandConfig } from '../config-flags.ts';
import { configPage } from '../config-page.ts';
import type { Terminal } from '../terminal.ts';

/** `modelswarm config`: every setting, its value, and where that came from. Secrets are masked. */
export function addConfigCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('config')
    .description('print the configuration and where each value came from')
    .option('--json', 'as JSON')
    .option('--markdown', 'the documentation of all settings instead');
  addConfigFlags(command).action(async ({ json, markdown }: { json?: boolean; markdown?: boolean }) => {
    if (markdown) return terminal.print(configPage().trimEnd());
    const config = await loadCommandConfig(command, terminal.environment);
    for (const warning of config.warnings) terminal.complain(warning);
    terminal.print(json ? JSON.stringify(asJson(config), null, 2) : asTable(config));
  });
}

function asJson({ entries, file }: Config): object {
  const shown = entries.map((entry) => {
    const { setting, value, origin } = entry;
    const masked = setting.secret && value !== undefined ? maskedText(entry) : (value ?? null);
    return [setting.name, { value: masked, from: origin.kind, ...(origin.name ? { origin: origin.name } : {}) }];
  });
  return { file: file ?? null, settings: Object.fromEntries(shown) };
}

function asTable({ entries }: Config): string {
  const rows = entries.map((entry) => {
    const { setting, value, origin } = entry;
    const text = value === undefined ? '-' : setting.secret ? maskedText(entry) : typed(entry);
    return [setting.name, text, origin.name ? `${origin.kind}: ${origin.name}` : origin.kind];
  });
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(
      ([name = '', text = '', from = '']) => `${name.padEnd(widths[0] ?? 0)}  ${text.padEnd(widths[1] ?? 0)}  ${from}`,
    )
    .join('\n');
}

function typed({ setting, value }: ConfigEntry): string {
  return Array.isArray(value) ? value.map((item) => setting.kind.write(item)).join(', ') : setting.kind.write(value);
}

function maskedText({ value }: ConfigEntry): string {
  return Array.isArray(value) ? `*** (${value.length})` : '***';
}
