import { Command, CommanderError } from 'commander';
import { VERSION } from '../base/version.ts';
import { isSwarmError } from '../errors.ts';
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
    await (await createProgram(terminal, args[0])).parseAsync(args, { from: 'user' });
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

type AddCommand = (program: Command, terminal: Terminal) => void;

/** The commands, in the order of help. Each is loaded when it is meant: all of them take half a second. */
const COMMANDS: Readonly<Record<string, () => Promise<AddCommand>>> = {
  get: async () => (await import('./commands/get.ts')).addGetCommand,
  seed: async () => (await import('./commands/seed.ts')).addSeedCommand,
  status: async () => (await import('./commands/status.ts')).addStatusCommand,
  serve: async () => (await import('./commands/serve.ts')).addServeCommand,
  demo: async () => (await import('./commands/demo.ts')).addDemoCommand,
  doctor: async () => (await import('./commands/doctor.ts')).addDoctorCommand,
  torrent: async () => (await import('./commands/torrent.ts')).addTorrentCommand,
  tracker: async () => (await import('./commands/tracker.ts')).addTrackerCommand,
  config: async () => (await import('./commands/config.ts')).addConfigCommand,
};

/** Of `name`, a program with that command alone; of anything else, one with all of them, which help and suggestions need. */
async function createProgram(terminal: Terminal, name: string | undefined): Promise<Command> {
  const program = new Command('modelswarm')
    .description('A mirror of the Hugging Face Hub, and torrents of everything in it: verified, shared and resumable.')
    .version(VERSION)
    .exitOverride();
  const own = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  const wanted = name === '--version' || name === '-V' ? [] : own ? [own] : Object.values(COMMANDS);
  for (const load of wanted) (await load())(program, terminal);
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
