import { settings } from './config-table.ts';
import { type Setting, variableOf } from './setting.ts';

/** docs/configuration.md, made from the table of settings. */
export function configPage(): string {
  const groups = [...new Set(settings.map(({ group }) => group))];
  return `# Configuration

<!-- Made from src/cli/config-table.ts: \`npx modelswarm config --markdown > docs/configuration.md\` -->

A setting comes from the first of these that has it: the flag, the environment variable, the configuration file, the default.
\`modelswarm config\` prints every value and where it came from.

- Flags of lists can be repeated; variables of lists are split at commas. A switch \`--x\` is turned off by \`--no-x\`.
- The file is one JSON object. It is \`--config FILE\`, else \`MODELSWARM_CONFIG\`, else \`$XDG_CONFIG_HOME/modelswarm/config.json\`
  (\`~/.config/modelswarm/config.json\`). An unknown key in it is an error.
- Sizes: \`200GB\`, \`10GiB\`. Rates: \`50MB/s\`, requests \`20/s\` or \`600/m\`. Times: \`500ms\`, \`60s\`, \`5m\`.
- \`HF_TOKEN\` is not used: a server has no token of its own, every caller brings theirs.
- \`NODE_EXTRA_CA_CERTS\` names a file with the certificates of a company's own authority, as for every Node program.

${groups.map(section).join('\n')}`;
}

function section(group: Setting['group']): string {
  const rows = settings.filter((setting) => setting.group === group).map(row);
  return `## ${group}

| flag | variable | key in the file | default | meaning |
|---|---|---|---|---|
${rows.join('\n')}
`;
}

function row(setting: Setting): string {
  const { kind, flag } = setting;
  const typed = kind.placeholder === undefined ? `--${flag}` : `--${flag} <${kind.placeholder}>`;
  const variables = [variableOf(setting), ...(setting.standardVariables ?? [])];
  const cells = [
    code(typed),
    variables.map(code).join(', '),
    code(setting.name),
    setting.default === undefined ? (setting.otherwise ?? '') : code(setting.default),
    setting.help,
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

const code = (text: string) => `\`${text}\``;
