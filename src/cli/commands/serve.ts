import type { Command } from 'commander';
import { createServer } from '../../server/create-server.ts';
import { addConfigFlags, loadCommandConfig } from '../config-flags.ts';
import { createLog } from '../log.ts';
import { serverOptions } from '../server-options.ts';
import type { Terminal } from '../terminal.ts';
import { untilStopped } from '../until-stopped.ts';

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
    await untilStopped(terminal.stop);
    log.info({}, 'closing: running downloads may finish; ctrl-C again ends them');
    await server.close();
  });
}
