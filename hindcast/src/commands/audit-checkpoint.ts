import { setTimeout as delay } from 'node:timers/promises';
import { counted, joinNotes, readRecentStretches } from '@hindcast/domain';
import type { Command } from 'commander';
import type { ApiClient } from '../api-client.ts';
import { CliFailure, EXIT, failed } from '../cli-failure.ts';
import { voiceOf } from '../terminal.ts';
import { type AuditOptions, auditLogCommand, handOver, openAuditLog } from './audit-log.ts';
import { type CliContext, clientCommand, connect } from './cli-context.ts';

/** A notary signs every few seconds: a proof is waited for this long. */
const proofMsMax = 30_000;
const proofLookMs = 1_000;

const newestOf = async (context: CliContext, options: AuditOptions) => {
  const { log, close } = await openAuditLog(context, options);
  try {
    const newest = [...(await readRecentStretches(log)).stretches.values()].sort((a, b) => a.offset - b.offset);
    if (newest.length === 0)
      throw failed(
        'No checkpoint is signed. The first one comes some seconds after the first events, where a projector has a key: on Kafka see HINDCAST_AUDIT_KEY_FILE.',
      );
    return newest;
  } finally {
    close();
  }
};

export const auditCheckpointCommand = (context: CliContext): Command =>
  auditLogCommand(
    'checkpoint',
    'Print the newest signed checkpoint of every partition, to be kept where nobody who can change the log can change it',
    'npx hindcast audit checkpoint --out checkpoints.txt',
    'npx hindcast audit checkpoint >> /mnt/elsewhere/checkpoints.txt',
  )
    .option('--out <file>', 'write to a file')
    .action(async (options: AuditOptions) => {
      const newest = await newestOf(context, options);
      const notes = newest.map(({ note }) => note);
      await handOver(context, options.out, `${joinNotes(notes)}${options.out === undefined ? '\n' : ''}`);
      if (options.out !== undefined)
        voiceOf(context.terminal, true).note(`${notes.length} checkpoints in ${options.out}`);
    });

export const auditKeyCommand = (context: CliContext): Command =>
  auditLogCommand(
    'key',
    'Print the public key that checkpoints are signed with; keep it from the first day on',
    'npx hindcast audit key > audit.vkey',
  ).action(async (options: AuditOptions) => {
    const newest = await newestOf(context, options);
    context.terminal.stdout.write(`${newest.at(-1)?.key}\n`);
  });

export const auditProveCommand = (context: CliContext): Command =>
  clientCommand(
    'prove',
    'Get the proof that a prediction is in the signed log; it can be checked without Hindcast',
    'npx hindcast audit prove 01980d7e-6d0c-7000-8000-000000000001 --out proof.json',
  )
    .argument('<id>', 'id of the prediction')
    .option('--out <file>', 'write to a file')
    .action(async (id: string, options: AuditOptions) => {
      const { client } = connect(context, options);
      const proof = await provenWhole(client, id, context.terminal.now);
      await handOver(context, options.out, `${JSON.stringify(proof)}\n`);
      const voice = voiceOf(context.terminal, true);
      if (options.out !== undefined) voice.note(`${counted(proof.events.length, 'event')} proven, in ${options.out}`);
    });

interface Proof {
  readonly events: readonly unknown[];
  readonly pending: readonly string[];
}

/** Waits until every event is signed for. */
const provenWhole = async (client: ApiClient, id: string, now: () => number): Promise<Proof> => {
  const until = now() + proofMsMax;
  for (;;) {
    const path = `/v1/predictions/${encodeURIComponent(id)}/proof`;
    const { status, body } = await client.request(path, { expect: [503] });
    if (status === 200 && (body as Proof).pending.length === 0) return body as Proof;
    if (now() > until) {
      throw new CliFailure(EXIT.timedOut, 'Not all of its events are signed for. Does a notary run (HINDCAST_AUDIT)?');
    }
    await delay(proofLookMs);
  }
};
