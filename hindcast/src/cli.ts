import { LogError } from '@hindcast/domain';
import { Command, CommanderError } from 'commander';
import { CliFailure, EXIT } from './cli-failure.ts';
import { auditCommand } from './commands/audit.ts';
import { backtestCommand } from './commands/backtest.ts';
import type { CliContext } from './commands/cli-context.ts';
import { configCommand } from './commands/config.ts';
import { datasetsCommand } from './commands/datasets.ts';
import { doctorCommand } from './commands/doctor.ts';
import { getCommand } from './commands/get.ts';
import { importCommand } from './commands/import.ts';
import { jobsCommand } from './commands/jobs.ts';
import { labelsCommand } from './commands/labels.ts';
import { migrateCommand } from './commands/migrate.ts';
import { modelsCommand } from './commands/models.ts';
import { cancelCommand, labelCommand } from './commands/outcome.ts';
import { predictCommand } from './commands/predict.ts';
import { projectionsCommand } from './commands/projections.ts';
import { qualityCommand } from './commands/quality.ts';
import { replayCommand } from './commands/replay.ts';
import { roleCommands, startCommand } from './commands/start.ts';
import { verifyCommand } from './commands/verify.ts';
import { watchCommand } from './commands/watch.ts';
import { withoutSecrets } from './without-secrets.ts';

const commands = [
  startCommand,
  ...roleCommands,
  predictCommand,
  getCommand,
  watchCommand,
  cancelCommand,
  labelCommand,
  labelsCommand,
  qualityCommand,
  importCommand,
  replayCommand,
  datasetsCommand,
  modelsCommand,
  jobsCommand,
  projectionsCommand,
  verifyCommand,
  backtestCommand,
  migrateCommand,
  auditCommand,
  configCommand,
  doctorCommand,
];

const buildProgram = (context: CliContext): Command => {
  const program = new Command('npx hindcast')
    .description('Asynchronous predictions on an event log: submit, predict, read, replay.')
    .version(context.version)
    // Else --version behind a command would be this one, and nothing would be done.
    .enablePositionalOptions()
    .addHelpText('after', '\nExamples:\n  $ npx hindcast start\n  $ npx hindcast predict churn --example\n')
    .addHelpText('after', 'Exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 timed out');
  for (const make of commands) program.addCommand(make(context));
  prepare(program, context);
  return program;
};

/** Commander neither exits nor prints by itself: the caller of `runCli` decides about the process. */
const prepare = (command: Command, context: CliContext): void => {
  command.exitOverride().configureOutput({
    writeOut: (text) => void context.terminal.stdout.write(text),
    writeErr: (text) => void context.terminal.stderr.write(text),
  });
  for (const child of command.commands) prepare(child, context);
};

/**
 * Runs one command line.
 * @returns the exit code. After `start` the process goes on until a signal ends it.
 */
export const runCli = async (argv: readonly string[], context: CliContext): Promise<number> => {
  try {
    await buildProgram(context).parseAsync(argv, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const { stderr } = context.terminal;
    if (error instanceof CliFailure || error instanceof LogError || isUnusableFile(error)) {
      stderr.write(`${withoutSecrets(error.message)}\n`);
      return error instanceof CliFailure ? error.exitCode : EXIT.failed;
    }
    const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
    stderr.write(`${withoutSecrets(told)}\n`);
    return EXIT.failed;
  }
};

/** Told by its code: the module of the class would load the database, which few commands need. */
const isUnusableFile = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && error.code === 'unusable_file';
