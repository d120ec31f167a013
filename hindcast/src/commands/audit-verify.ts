import {
  type AuditReport,
  AuditStateRefused,
  checkpointsOfManifest,
  counted,
  datasetManifestSchema,
  formatNoteKey,
  type UnsignedCheckpoints,
  verifyLog,
} from '@hindcast/domain';
import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { Command } from 'commander';
import { auditStateIn, writeAuditState } from '../audit-state-file.ts';
import { failed, usage } from '../cli-failure.ts';
import { showDuration } from '../duration.ts';
import { keptKey, keptNotes, readKept } from '../kept-checkpoints.ts';
import { type Voice, voiceOf } from '../terminal.ts';
import { type AuditOptions, auditLogCommand, openAuditLog } from './audit-log.ts';
import type { CliContext } from './cli-context.ts';

interface VerifyOptions extends AuditOptions {
  readonly checkpoints?: readonly string[];
  readonly key?: readonly string[];
  readonly manifest?: readonly string[];
  readonly state?: string;
  readonly full?: boolean;
  readonly json?: boolean;
}

/** Loaded only here: the other commands need no keys. */
const loadCrypto = async () => (await import('@hindcast/adapters/node')).nodeAuditCrypto;

export const auditVerifyCommand = (context: CliContext): Command =>
  auditLogCommand(
    'verify',
    'Hash the whole log and compare it with every signed checkpoint; what was changed is named with its place',
    'npx hindcast audit verify',
    'npx hindcast audit verify --state verified.json',
    "npx hindcast audit verify --data ./data --checkpoints checkpoints.txt --key 'hindcast/0198…+55b07df0+Aepk…'",
  )
    .option('--checkpoints <file...>', 'also compare with these, which were kept elsewhere')
    .option('--manifest <file...>', 'also compare with what these manifests of data sets say of the log')
    .option('--key <key...>', 'trust only signatures by these keys; by default those that the log itself names')
    .option('--state <file>', 'go on where the last run with this file came to: records before that are not read again')
    .option('--full', 'with --state: read everything again, and begin the file anew')
    .action(async (options: VerifyOptions) => {
      if (options.full && options.state === undefined) throw usage('--full is for --state: without it all is read.');
      const crypto = await loadCrypto();
      const keys = options.key?.map((text) => keptKey(crypto, text));
      const notes = (await Promise.all((options.checkpoints ?? []).map(keptNotes))).flat();
      const unsigned = await Promise.all((options.manifest ?? []).map(rootsIn));
      const state = options.state === undefined || options.full ? undefined : await auditStateIn(options.state);
      const voice = voiceOf(context.terminal, options.json === true);
      const { log, close } = await openAuditLog(context, options);
      try {
        const onProgress = progressOf(voice, context.terminal.now);
        const onState = options.state === undefined ? undefined : writeAuditState(options.state);
        const given = { log, crypto, keys, notes, unsigned, state, onProgress, onState };
        const report = await verifyLog(given).catch((error: unknown) => {
          throw error instanceof AuditStateRefused ? usage(`${options.state}: ${error.message}`) : error;
        });
        voice.progress('');
        tell(voice, report, keys === undefined);
      } finally {
        close();
      }
    });

const rootsIn = async (path: string): Promise<UnsignedCheckpoints> => {
  const manifest = manifestIn(await readKept(path));
  const checkpoints = manifest ? checkpointsOfManifest(manifest) : [];
  if (checkpoints.length === 0) throw usage(`${path} is no manifest of a data set that has roots.`);
  return { name: `The data set of ${path}`, checkpoints };
};

/** All else in it may be of another version. */
const rootedSchema = Type.Pick(datasetManifestSchema, ['cut', 'roots']);
const manifestIn = (text: string): Static<typeof rootedSchema> | undefined => {
  try {
    const parsed: unknown = JSON.parse(text);
    return Value.Check(rootedSchema, parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
};

const progressOf = (voice: Voice, now: () => number) => {
  const startedAt = now();
  return (records: number, total: number): void => {
    const elapsedMs = Math.max(1, now() - startedAt);
    const left = showDuration((elapsedMs / records) * (total - records));
    voice.progress(
      `${records} of ${total} records, ${Math.round((records * 1_000) / elapsedMs)} per second, ${left} left`,
    );
  };
};

const tell = (voice: Voice, report: AuditReport, namedByLog: boolean): void => {
  const { findings, ranges, keys, earlier } = report;
  const sum = (of: (range: (typeof ranges)[number]) => number) => ranges.reduce((total, range) => total + of(range), 0);
  const proven = sum((range) => range.proven);
  const roots = sum((range) => range.roots);
  const unsigned = sum((range) => range.records) - proven;
  const checkpoints = sum((range) => range.checkpoints);
  const partitions = sum((range) => (range.proven > 0 ? 1 : 0));
  const summary =
    `${proven} records in ${partitions} partitions are as ${checkpoints} checkpoints say.` +
    (roots > 0 && findings.length === 0
      ? ` They also fit the roots of data sets (${roots}), which nobody signed.`
      : '') +
    (unsigned > 0 && findings.length === 0 ? ` ${unsigned} are not signed for yet.` : '');
  const resumed = sum((range) => range.resumed);
  const shown = keys.map(formatNoteKey);
  voice.answer({ findings, ranges, earlier, keys: shown }, [...findings.map(({ said }) => said), summary].join('\n'));
  if (resumed > 0) {
    voice.note(
      `${resumed} of them were read by an earlier run (--state), and not by this one: --full reads all again.`,
    );
  }
  if (earlier > 0) {
    voice.note(`${earlier} checkpoints are of an earlier epoch: they vouch for the log as it was before it was moved.`);
  }
  if (namedByLog && keys.length > 0) {
    voice.note(
      `Signed with ${shown.join(' and ')}, as the log itself says: compare it with the key that you keep (--key).`,
    );
  }
  if (findings.length > 0) throw failed(`${counted(findings.length, 'finding')}: the log is not what was signed.`);
  if (checkpoints === 0) throw failed('No checkpoint is of this log and its epoch, so that nothing is proven.');
};
