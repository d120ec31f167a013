import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { auditExportHead, auditLine, type ReadableLog } from '@hindcast/domain';
import type { Command } from 'commander';
import { failed } from '../cli-failure.ts';
import { showDuration } from '../duration.ts';
import { type Voice, voiceOf } from '../terminal.ts';
import { type AuditOptions, auditLogCommand, openAuditLog } from './audit-log.ts';
import type { CliContext } from './cli-context.ts';

export const auditExportCommand = (context: CliContext): Command =>
  auditLogCommand(
    'export',
    'Write the whole log exactly as it is stored, for a verifier that is not ours',
    'npx hindcast audit export --out log.ndjson',
    'node clients/verifier/verify.mjs log log.ndjson --key "$(cat audit.vkey)" --checkpoints checkpoints.txt',
  )
    .requiredOption('--out <file>', 'the file to write')
    .action(async (options: AuditOptions & { readonly out: string }) => {
      const { log, close } = await openAuditLog(context, options);
      const voice = voiceOf(context.terminal, true);
      try {
        await pipeline(
          Readable.from(linesOf(log, voice, context.terminal.now)),
          createWriteStream(options.out, { flush: true }),
        );
      } catch (error) {
        throw (error as NodeJS.ErrnoException).path === options.out
          ? failed(`${options.out} cannot be written: ${(error as Error).message}`, error)
          : error;
      } finally {
        close();
      }
    });

/** The checkpoints first, so that whoever reads the file knows what to expect of the rest. */
async function* linesOf(log: ReadableLog, voice: Voice, now: () => number): AsyncGenerator<string> {
  const startedAt = now();
  const head = await auditExportHead(log);
  const total = head.topics.reduce((sum, { ends }) => sum + ends.reduce((all, end) => all + end, 0), 0);
  let records = 0;
  yield `${JSON.stringify(head)}\n`;
  for (const { topic, ends } of head.topics) {
    for (const [partition, to] of ends.entries()) {
      for await (const page of log.read({ topic, partition, from: 0, to })) {
        yield page.map((record) => `${auditLine(record)}\n`).join('');
        records += page.length;
        voice.progress(`${records} of ${total} records`);
      }
    }
  }
  voice.progress(`${records} records in ${showDuration(now() - startedAt)}`, true);
}
