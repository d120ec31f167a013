import type { Command } from 'commander';
import { failed, usage } from '../cli-failure.ts';
import { parseMoment } from '../duration.ts';
import { LABEL_NAMES, type LabelName, labelLines } from '../label-file.ts';
import { type LabelOptions, labelMembers, type Warned, warningsIn, withLabelOptions } from '../label-options.ts';
import { type ProblemDocument, problemLines } from '../problem-lines.ts';
import { textTable } from '../text-table.ts';
import { openUpload, type UploadPart, uploadParts } from '../upload-parts.ts';
import { type CliContext, type Connected, clientCommand, command, connect } from './cli-context.ts';

/** Lines that were refused, and lines with a warning, that are told; the others are counted. */
const toldMax = 20;

interface Outcome extends Warned {
  readonly line: number;
  readonly status: 'applied' | 'parked' | 'refused';
  readonly error?: ProblemDocument;
}

export const labelsCommand = (context: CliContext): Command =>
  command(
    'labels',
    'Upload what came true, and see what waits for its prediction',
    'npx hindcast labels add yes --reference order-1842',
    'npx hindcast labels upload labels.ndjson',
    'npx hindcast labels list --parked',
  )
    .addCommand(addCommand(context))
    .addCommand(uploadCommand(context))
    .addCommand(listCommand(context));

interface AddOptions extends LabelOptions {
  readonly reference?: string;
  readonly entity?: string;
  readonly from?: string;
  readonly to?: string;
  readonly model?: string;
  readonly latest?: true;
}

const addCommand = (context: CliContext): Command =>
  withLabelOptions(
    clientCommand(
      'add',
      'Say what came true of the predictions of a reference, or of an entity in a window of time',
      'npx hindcast labels add yes --reference order-1842',
      'npx hindcast labels add no --entity customer-17 --from 90d --latest --source billing',
    )
      .argument('<value>', 'what came true: JSON, or a word as it is; null takes it back')
      .option('--reference <id>', 'predictions with this referenceId')
      .option('--entity <name>', 'predictions of this entity')
      .option('--from <time>', 'of an entity: since this event time, ISO 8601 or this long ago')
      .option('--to <time>', 'of an entity: before this event time')
      .option('--model <name>', 'only predictions of this model')
      .option('--latest', 'only the newest of them, not all'),
  ).action(async (value: string, options: AddOptions) => {
    const { reference, entity, from, to, model, latest } = options;
    if ((reference === undefined) === (entity === undefined)) throw usage('Give one of --reference and --entity.');
    const { client, voice } = connect(context, options);
    const now = context.terminal.now();
    const about = {
      ...{ referenceId: reference, entity, model, ...(latest && { match: 'latest' }) },
      ...{ from: from && parseMoment(from, now), to: to && parseMoment(to, now) },
    };
    const json = { ...about, ...labelMembers(value, options, now) };
    const { body } = await client.request('/v1/labels', { method: 'POST', json });
    const { status, predictions = [] } = body as { readonly status?: string; readonly predictions?: readonly string[] };
    for (const warning of warningsIn(body as Warned)) voice.note(warning);
    const parked = 'parked: it waits for the first prediction that fits';
    voice.answer(body, status === 'parked' ? parked : predictions.map((id) => `${id}  labeled`).join('\n'));
  });

const uploadCommand = (context: CliContext): Command =>
  clientCommand(
    'upload',
    'Upload labels from NDJSON, or from CSV with a header; the same file again changes nothing',
    'npx hindcast labels upload labels.ndjson',
    'npx hindcast labels upload chargebacks.csv --by referenceId',
  )
    .argument('<file>', 'a label a line, or - for NDJSON on stdin')
    .option('--by <name>', `which of ${LABEL_NAMES.join(', ')} says what a label is about, where a file has several`)
    .action(async (file: string, options: { readonly by?: string }) => {
      const connected = connect(context, options);
      const { voice } = connected;
      const by = nameOf(options.by);
      const source = await openUpload(file, context.terminal.stdin);
      const counts = { lines: 0, applied: 0, parked: 0, refused: 0, warned: 0 };
      const refuse = (line: number, why: string) => {
        counts.lines += 1;
        counts.refused += 1;
        if (counts.refused <= toldMax) voice.note(`line ${line}: ${why}`);
      };
      for await (const part of uploadParts(labelLines(source.stream, file, by, refuse), 'labels')) {
        for (const outcome of await send(connected, part)) {
          const { line, status, error } = outcome;
          if (status === 'refused') {
            refuse(part.fileLine(line), problemLines(error ?? {}).join('\n'));
            continue;
          }
          counts.lines += 1;
          counts[status] += 1;
          const [warning] = warningsIn(outcome);
          if (warning === undefined) continue;
          counts.warned += 1;
          if (counts.warned <= toldMax) voice.note(`line ${part.fileLine(line)}: ${warning}`);
        }
        voice.progress(`${told(counts)}${source.share()}`);
      }
      voice.progress('All sent.', true);
      if (counts.lines === 0) voice.note(`${file === '-' ? 'stdin' : file} has no labels: it is empty.`);
      voice.answer(counts, told(counts));
      if (counts.refused > 0) throw failed(`${counts.refused} of ${counts.lines} lines were refused.`);
    });

const nameOf = (by: string | undefined): LabelName | undefined => {
  if (by === undefined) return undefined;
  const name = LABEL_NAMES.find((known) => known === by);
  if (!name) throw usage(`--by must be one of ${LABEL_NAMES.join(', ')}.`);
  return name;
};

const told = ({ lines, applied, parked, refused, warned = 0 }: Readonly<Record<string, number>>): string =>
  `${lines} labels: ${applied} applied, ${parked} parked, ${refused} refused${warned > 0 ? `, ${warned} with a warning` : ''}`;

const send = async ({ client }: Connected, { text, key }: UploadPart): Promise<readonly Outcome[]> => {
  const response = await client.open('/v1/labels', {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson', 'idempotency-key': key },
    body: new Blob([text]),
  });
  const lines = (await response.text()).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Outcome);
};

interface Parked {
  readonly id?: string;
  readonly referenceId?: string;
  readonly entity?: string;
  readonly from?: string;
  readonly to?: string;
  readonly value?: unknown;
  readonly recordedAt?: string;
}

const listCommand = (context: CliContext): Command =>
  clientCommand('list', 'List labels that wait for their prediction', 'npx hindcast labels list --parked')
    .option('--parked', 'those that wait, which are all that there are to list')
    .option('--limit <count>', 'ids, references and entities to list', '50')
    .action(async (options: { readonly limit: string }) => {
      const { client, voice } = connect(context, options);
      const { body } = await client.request(`/v1/labels?status=parked&limit=${encodeURIComponent(options.limit)}`);
      const labels = (body as { data?: readonly Parked[] }).data ?? [];
      const more = (body as { nextCursor?: string }).nextCursor === undefined ? '' : '\nThere are more: use --limit.';
      const rows = labels.map((label) => [aboutOf(label), JSON.stringify(label.value), label.recordedAt ?? '']);
      voice.answer(body, rows.length === 0 ? 'No label waits.' : textTable(rows) + more);
    });

const aboutOf = ({ id, referenceId, entity, from, to }: Parked): string => {
  if (id !== undefined) return `id ${id}`;
  if (referenceId !== undefined) return `referenceId ${referenceId}`;
  const window = from === undefined && to === undefined ? '' : ` ${from ?? ''}..${to ?? ''}`;
  return `entity ${entity ?? ''}${window}`;
};
