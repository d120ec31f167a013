import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { auditExportHead, auditLine } from '@hindcast/domain';
import type { Command } from 'commander';
import { failed } from '../cli-failure.ts';
import { showDuration } from '../duration.ts';
import { voiceOf } from '../terminal.ts';
import { type AuditOptions, auditLogCommand, openAuditLog } from './audit-log.ts';
import type { CliContext } from './cli-context.ts';

/** Characters that are gathered before they are written. */
const chunkLength = 65_536;

export const auditExportCommand = (context: CliContext): Command =>
  auditLogCommand(
    'export',
    'Write the whole log exactly as it is stored, for a verifier that is not ours',
    'hindcast audit export --out log.ndjson',
    'node clients/verifier/verify.mjs log log.ndjson --key "$(cat audit.vkey)" --checkpoints checkpoints.txt',
  )
    .requiredOption('--out <file>', 'the file to write')
    .action(async (options: AuditOptions & { readonly out: string }) => {
      const { log, close } = await openAuditLog(context, options);
      const { now } = context.terminal;
      const voice = voiceOf(context.terminal, true);
      const startedAt = now();
      const file = createWriteStream(options.out, { flush: true });
      const written = finished(file).catch((error: unknown) => {
        throw failed(`${options.out} cannot be written: ${String(error)}`, error);
      });
      let chunk = '';
      let records = 0;
      const flush = async (): Promise<void> => {
        const isTaken = file.write(chunk);
        chunk = '';
        if (!isTaken) await Promise.race([once(file, 'drain'), written]);
      };
      try {
        const head = await auditExportHead(log);
        const total = head.topics.reduce((sum, { ends }) => sum + ends.reduce((all, end) => all + end, 0), 0);
        chunk = `${JSON.stringify(head)}\n`;
        for (const { topic, ends } of head.topics) {
          for (const [partition, to] of ends.entries()) {
            for await (const page of log.read({ topic, partition, from: 0, to })) {
              for (const record of page) chunk += `${auditLine(record)}\n`;
              records += page.length;
              if (chunk.length >= chunkLength) await flush();
              voice.progress(`${records} of ${total} records`);
            }
          }
        }
        await flush();
        voice.progress(`${records} records in ${showDuration(now() - startedAt)}`, true);
      } finally {
        file.end();
        close();
        await written;
      }
    });
