import { Command, CommanderError } from 'commander';
import { VERSION } from '../base/version.ts';
import { isSwarmError } from '../errors.ts';
import { addConfigCommand } from './commands/config.ts';
import { addDemoCommand } from './commands/demo.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addGetCommand } from './commands/get.ts';
import { addSeedCommand } from './commands/seed.ts';
import { addServeCommand } from './commands/serve.ts';
import { addStatusCommand } from './commands/status.ts';
import { addTorrentCommand } from './commands/torrent.ts';
import { addTrackerCommand } from './commands/tracker.ts';
import { Interruption, listenForSignals } from './signals.ts';
import type { Terminal } from './terminal.ts';

const OK = 0;
const FAILURE = 1;
const USAGE = 2;
/** What shells expect of a program that ctrl-C has ended: 128 + SIGINT. A SIGTERM that was obeyed in order is no failure. */
const INTERRUPTED = 130;

/** Runs one command line (without the program's name) and resolves with its exit code. Never rejects. */
export async function runCommand(args: readonly string[]): Promise<number> {
  let exitCode = OK;
  const signals = listenForSignals();
  const terminal: Terminal = {
    environment: process.env,
    stdout: process.stdout,
    stderr: process.stderr,
    stop: signals.stop,
    print: (text) => process.stdout.write(`${text}\n`),
    complain: (text) => process.stderr.write(`modelswarm: ${text}\n`),
    fail: () => {
      exitCode = FAILURE;
    },
  };
  // A reader that has seen enough (`modelswarm config | head`) is no failure. For good: the error comes after the write.
  process.stdout.on('error', ignoreClosedPipe);
  try {
    await createProgram(terminal).parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) exitCode = error.exitCode === 0 ? OK : USAGE;
    else if (!(error instanceof Interruption)) {
      terminal.complain(describe(error, args.includes('--verbose')));
      exitCode = isSwarmError(error, 'CONFIG') ? USAGE : FAILURE;
    }
  } finally {
    signals.dispose();
  }
  const { reason } = signals.stop;
  return reason instanceof Interruption && reason.signal === 'SIGINT' ? INTERRUPTED : exitCode;
}

function createProgram(terminal: Terminal): Command {
  const program = new Command('modelswarm')
    .description('A mirror of the Hugging Face Hub, and torrents of everything in it: verified, shared and resumable.')
    .version(VERSION)
    .exitOverride();
  addGetCommand(program, terminal);
  addSeedCommand(program, terminal);
  addStatusCommand(program, terminal);
  addServeCommand(program, terminal);
  addDemoCommand(program, terminal);
  addDoctorCommand(program, terminal);
  addTorrentCommand(program, terminal);
  addTrackerCommand(program, terminal);
  addConfigCommand(program, terminal);
  for (const command of program.commands) command.option('--verbose', 'show the stack of an error');
  return program;
}

function describe(error: unknown, verbose: boolean): string {
  if (!(error instanceof Error)) return String(error);
  if (verbose) return error.stack ?? error.message;
  if (!isSwarmError(error)) return `${error.message} (this is a bug; --verbose shows where)`;
  const { message, cause } = error;
  return cause instanceof Error && !message.includes(cause.message) ? `${message}\n  ${cause.message}` : message;
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
