import { hostname } from 'node:os';
import type { Command } from 'commander';
import { silentLogger } from '../../base/silent-logger.ts';
import { VERSION } from '../../base/version.ts';
import { clientLines } from '../../server/client-lines.ts';
import { serverSettings } from '../../server/validate-options.ts';
import { addConfigFlags, loadCommandConfig } from '../config-flags.ts';
import { checkDataDir } from '../doctor/check-data-dir.ts';
import { checkPort, checkPublicUrl } from '../doctor/check-port.ts';
import { checkProxies } from '../doctor/check-proxies.ts';
import { checkUpstream } from '../doctor/check-upstream.ts';
import { type Finding, reasonOf } from '../doctor/finding.ts';
import { serverOptions } from '../server-options.ts';
import type { SettingValues } from '../setting.ts';
import type { Terminal } from '../terminal.ts';

/** `modelswarm doctor`: tests the set-up and prints what to paste for each client. Exit code 1 when a check failed. */
export function addDoctorCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('doctor')
    .description('test the set-up, and print the lines to paste for each client')
    .option('--json', 'as JSON');
  addConfigFlags(command).action(async ({ json }: { json?: boolean }) => {
    const { values, warnings } = await loadCommandConfig(command, terminal.environment);
    const findings = [
      { check: 'version', status: 'ok' as const, detail: `modelswarm ${VERSION}, Node ${process.versions.node}` },
      ...warnings.map((detail): Finding => ({ check: 'variables', status: 'warn', detail })),
      ...(await checkAll(values, terminal)),
    ];
    // Port 0 is not known before the start.
    const clients = clientLines(clientUrl(values).replace(/:0$/, ':PORT'), {
      wantsToken: (values.clientTokens ?? []).length > 0,
    });
    const ok = findings.every(({ status }) => status !== 'fail');
    if (json) terminal.print(JSON.stringify({ ok, checks: findings, clients }, null, 2));
    else {
      for (const { check, status, detail } of findings) terminal.print(`${status.padEnd(4)}  ${check}: ${detail}`);
      terminal.print('\nTo use the mirror, paste:\n');
      for (const { client, code } of clients) terminal.print(`# ${client}\n${code}\n`);
    }
    if (!ok) terminal.fail();
  });
}

async function checkAll(values: SettingValues, { stop, environment }: Terminal): Promise<Finding[]> {
  const { serverRuns, ...port } = await checkPort(values.host, values.port, stop);
  const findings: Finding[] = [...checkOptions(values), port];
  if (serverRuns && values.publicUrl !== undefined) findings.push(await checkPublicUrl(values.publicUrl, stop));
  for (const path of values.dataDir) {
    findings.push(...(await checkDataDir(path, values.minFreeSpace ?? 0, serverRuns)));
  }
  findings.push(...checkProxies(values, clientUrl(values), environment));
  findings.push(...(await checkUpstream(serverOptions(values, silentLogger), stop)));
  return findings;
}

/** What only all values together show: a server that would be open to a network unasked. */
function checkOptions(values: SettingValues): Finding[] {
  try {
    serverSettings(serverOptions(values, silentLogger));
    return [];
  } catch (error) {
    return [{ check: 'access', status: 'fail', detail: reasonOf(error) }];
  }
}

/** Where clients reach the server that these settings describe. */
function clientUrl({ publicUrl, host, port }: SettingValues): string {
  if (publicUrl !== undefined) return publicUrl.replace(/\/+$/, '');
  const name = host === '0.0.0.0' || host === '::' ? hostname() : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}`;
}
