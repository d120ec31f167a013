import { writeFile } from 'node:fs/promises';
import type { ReadableLog } from '@hindcast/domain';
import type { Command } from 'commander';
import { serverLog } from '../audit-source.ts';
import { failed } from '../cli-failure.ts';
import { type CliContext, clientCommand, connect, dataFolder } from './cli-context.ts';

export interface AuditOptions {
  readonly data?: string;
  readonly out?: string;
}

/** A command that reads a log, of a running Hindcast or of a folder. */
export const auditLogCommand = (name: string, description: string, ...examples: readonly string[]): Command =>
  clientCommand(name, description, ...examples).option(
    '--data <folder>',
    'read the log in this folder instead of asking a server',
    dataFolder,
  );

export const openAuditLog = async (
  context: CliContext,
  options: AuditOptions,
): Promise<{ readonly log: ReadableLog; readonly close: () => void }> => {
  if (options.data === undefined) return { log: serverLog(connect(context, options).client), close: () => {} };
  const log = await context.openLog(options.data);
  return { log, close: () => log.close() };
};

/** Writes the text to the file, or prints it where none is named. */
export const handOver = async ({ terminal }: CliContext, out: string | undefined, text: string): Promise<void> => {
  if (out === undefined) {
    terminal.stdout.write(text);
    return;
  }
  await writeFile(out, text).catch((error: unknown) => {
    throw failed(`${out} cannot be written: ${error instanceof Error ? error.message : String(error)}`, error);
  });
};
