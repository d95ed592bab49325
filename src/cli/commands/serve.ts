import type { Command } from 'commander';
import type { Logger } from '../../contracts/logger.ts';
import { createServer } from '../../server/create-server.ts';
import type { ServerOptions } from '../../server/options.ts';
import { addConfigFlags, loadCommandConfig } from '../config-flags.ts';
import type { SettingValues } from '../config-table.ts';
import { createLog } from '../log.ts';
import type { Terminal } from '../terminal.ts';

/** `modelswarm serve`: the mirror, until ctrl-C or SIGTERM. Prints one line on stdout when it listens. */
export function addServeCommand(program: Command, terminal: Terminal): void {
  const command = program.command('serve').description('serve a mirror of the Hub');
  addConfigFlags(command).action(async () => {
    const { values, warnings, file } = await loadCommandConfig(command, terminal.environment);
    const log = createLog({ level: values.logLevel, format: values.logFormat, stderr: terminal.stderr });
    for (const warning of warnings) log.warn({}, warning);
    log.debug({ file, dataDir: values.dataDir, upstream: values.upstream }, 'configuration loaded');
    const server = await createServer(serverOptions(values, log)).listen();
    terminal.print(`listening on ${server.url}`);
    await new Promise<void>((resolve) => {
      if (terminal.stop.aborted) resolve();
      terminal.stop.addEventListener('abort', () => resolve(), { once: true });
    });
    log.info({}, 'closing: running downloads may finish; ctrl-C again ends them');
    await server.close();
  });
}

/** The settings of the command line as options of the library. */
export function serverOptions(values: SettingValues, logger: Logger): ServerOptions {
  const {
    httpProxy,
    httpsProxy,
    proxyBypass,
    trackers: _pending,
    logLevel: _level,
    logFormat: _format,
    ...rest
  } = values;
  const proxied = httpProxy !== undefined || httpsProxy !== undefined;
  return { ...rest, logger, ...(proxied ? { proxy: { http: httpProxy, https: httpsProxy, no: proxyBypass } } : {}) };
}
