import {
  type AuditCheckpoint,
  type AuditCrypto,
  auditSubject,
  counted,
  createTreeHash,
  fromBase64,
  isConsistent,
  type NoteKey,
  openNote,
  parseCheckpoint,
} from '@hindcast/domain';
import type { Command } from 'commander';
import type { ApiClient } from '../api-client.ts';
import { failed, usage } from '../cli-failure.ts';
import { keptKey, keptNotes } from '../kept-checkpoints.ts';
import { replayTopics } from '../replay-topic.ts';
import { voiceOf } from '../terminal.ts';
import { type AuditOptions, handOver } from './audit-log.ts';
import { type CliContext, clientCommand, connect } from './cli-context.ts';

interface ConsistencyOptions extends AuditOptions {
  readonly checkpoints: readonly string[];
  readonly key?: readonly string[];
  readonly json?: boolean;
}

/** As the server answers it. */
interface Proof {
  readonly oldSize: number;
  readonly size: number;
  readonly path: readonly string[];
  readonly checkpoint: string;
  readonly key: string;
}

interface Step {
  readonly topic: string;
  readonly partition: number;
  readonly oldSize: number;
  readonly size?: number;
  /** Why it does not hold. */
  readonly finding?: string;
}

export const auditConsistencyCommand = (context: CliContext): Command =>
  clientCommand(
    'consistency',
    'Prove that the newest checkpoints only add to those that were kept, without reading the log',
    'npx hindcast audit consistency --checkpoints checkpoints.txt --key "$(cat audit.vkey)"',
    'npx hindcast audit consistency --checkpoints checkpoints.txt --out consistency.json',
  )
    .requiredOption('--checkpoints <file...>', 'checkpoints that were kept elsewhere')
    .option('--key <key...>', 'trust only signatures by these keys; by default those that the log itself names')
    .option('--out <file>', 'write the proofs to a file: they can be checked without Hindcast')
    .action(async (options: ConsistencyOptions) => {
      const crypto = (await import('@hindcast/adapters/node')).nodeAuditCrypto;
      const { client } = connect(context, options);
      const keys = options.key?.map((text) => keptKey(crypto, text)) ?? (await namedKeys(client, crypto));
      const notes = (await Promise.all(options.checkpoints.map(keptNotes))).flat();
      const proofs: Proof[] = [];
      const steps: Step[] = [];
      for (const of of chains(notes.map((note) => trusted(crypto, keys, note)))) {
        for (const [at, older] of of.entries()) {
          const { proof, step } = await prove(client, crypto, keys, older, of[at + 1]);
          if (proof) proofs.push(proof);
          steps.push(step);
        }
      }
      if (options.out !== undefined) await handOver(context, options.out, `${JSON.stringify(proofs)}\n`);
      const findings = steps.flatMap(({ finding }) => finding ?? []);
      const summary = `${steps.length - findings.length} of ${steps.length} checkpoints are the beginning of what is signed now.`;
      const voice = voiceOf(context.terminal, options.json === true);
      voice.answer({ steps }, [...findings, summary].join('\n'));
      if (options.key === undefined)
        voice.note('Signed as the log itself says: compare its key with the one that you keep (--key).');
      if (findings.length > 0) throw failed(`${counted(findings.length, 'finding')}: the log is not what was signed.`);
    });

const namedKeys = async (client: ApiClient, crypto: AuditCrypto): Promise<readonly NoteKey[]> => {
  const text = String((await client.request('/v1/audit/key')).body).trim();
  return [keptKey(crypto, text)];
};

const trusted = (crypto: AuditCrypto, keys: readonly NoteKey[], note: string): AuditCheckpoint => {
  const opened = openNote(crypto, keys, note);
  const checkpoint = opened?.signature === 'valid' ? parseCheckpoint(opened.text) : undefined;
  if (!checkpoint) throw usage('A checkpoint of the file is not signed by a key that is trusted here.');
  return checkpoint;
};

/** Of each partition the kept checkpoints from the oldest on: each is proven to be in the next, the last in the newest. */
const chains = (checkpoints: readonly AuditCheckpoint[]): readonly (readonly AuditCheckpoint[])[] => {
  const bySubject = new Map<string, AuditCheckpoint[]>();
  for (const one of checkpoints) bySubject.set(auditSubject(one), [...(bySubject.get(auditSubject(one)) ?? []), one]);
  return [...bySubject.values()].map((of) =>
    of
      .sort((a, b) => a.size - b.size)
      .filter(({ size, root }, at) => of[at + 1]?.size !== size || of[at + 1]?.root !== root),
  );
};

const prove = async (
  client: ApiClient,
  crypto: AuditCrypto,
  keys: readonly NoteKey[],
  older: AuditCheckpoint,
  newer: AuditCheckpoint | undefined,
): Promise<{ readonly proof?: Proof; readonly step: Step }> => {
  const { topic, partition, size: oldSize } = older;
  const place = { topic, partition, oldSize };
  const found = (what: string): Step => ({ ...place, finding: `${topic}, partition ${partition}: ${what}` });
  const name = Object.entries(replayTopics).find(([, known]) => known === topic)?.[0] ?? topic;
  const query = new URLSearchParams({ topic: name, partition: String(partition), from: String(oldSize) });
  if (newer) query.set('to', String(newer.size));
  const { status, body } = await client.request(`/v1/audit/consistency?${query}`, { expect: [404, 500] });
  if (status !== 200) {
    const { type = '', detail = '' } = body as { readonly type?: string; readonly detail?: string };
    if (type.endsWith('/no-checkpoint'))
      return { step: found(`no checkpoint vouches for the ${oldSize} records that were signed.`) };
    if (type.endsWith('/log-changed')) return { step: found('its records are not those that were signed.') };
    throw failed(`${detail} (HTTP ${status})`);
  }
  const proof = body as Proof;
  const opened = openNote(crypto, keys, proof.checkpoint);
  const now = opened?.signature === 'valid' ? parseCheckpoint(opened.text) : undefined;
  if (!now) return { proof, step: found('its newer checkpoint is not signed by a key that is trusted here.') };
  const same = now.logId === older.logId && now.epoch === older.epoch && auditSubject(now) === auditSubject(older);
  const path = proof.path.flatMap((node) => fromBase64(node) ?? []);
  const { size, root } = now;
  const tree = { oldSize, oldRoot: older.root, size, root, path };
  const fits = same && (newer === undefined || newer.root === root) && isConsistent(createTreeHash(crypto), tree);
  return {
    proof,
    step: fits
      ? { ...place, size }
      : found(`what is signed now does not begin with its first ${oldSize} records as they were.`),
  };
};
