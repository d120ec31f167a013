import type { Command } from 'commander';
import { failed, usage } from '../cli-failure.ts';
import { showDuration } from '../duration.ts';
import { type ProblemDocument, problemLines } from '../problem-lines.ts';
import { linesOf, openUpload, uploadParts } from '../upload-parts.ts';
import { type CliContext, clientCommand, connect } from './cli-context.ts';

/** Rows that were refused and are told; the others are counted. */
const toldMax = 20;

interface ImportOptions {
  readonly source: string;
  readonly model?: string;
  readonly modelVersion?: string;
}

interface Outcome {
  readonly line: number;
  readonly status: 'imported' | 'labeled' | 'repeated' | 'refused';
  readonly error?: ProblemDocument;
}
type Counts = Record<'rows' | Outcome['status'], number>;

export const importCommand = (context: CliContext): Command =>
  clientCommand(
    'import',
    'Take in what another system predicted before, from NDJSON; the same file again changes nothing',
    'npx hindcast import rows.ndjson --source legacy-scorer',
    'npx hindcast import rows.ndjson --source legacy-scorer --model churn --model-version 1',
  )
    .argument('<file>', 'a prediction with its answer a line, or - for stdin')
    .option('--source <name>', 'the system that made them; rows that were there already keep theirs', 'import')
    .option('--model <name>', 'model of the rows that name none')
    .option('--model-version <number>', 'its version, of the rows that name none')
    .action(async (file: string, options: ImportOptions) => {
      if (file.endsWith('.csv'))
        throw usage(`${file}: rows are read from NDJSON, a JSON object a line, since inputs and outputs are JSON.`);
      const { client, voice } = connect(context, options);
      const { now, stdin } = context.terminal;
      const startedAt = now();
      const query = queryOf(options);
      const source = await openUpload(file, stdin);
      const counts: Counts = { rows: 0, imported: 0, labeled: 0, repeated: 0, refused: 0 };
      for await (const { text, fileLine } of uploadParts(linesOf(source.stream), 'import')) {
        const response = await client.open(`/v1/imports?${query}`, {
          method: 'POST',
          headers: { 'content-type': 'application/x-ndjson' },
          body: new Blob([text]),
        });
        for (const { line, status, error } of outcomesOf(await response.text())) {
          counts.rows += 1;
          counts[status] += 1;
          if (status === 'refused' && counts.refused <= toldMax)
            voice.note(`line ${fileLine(line)}: ${problemLines(error ?? {}).join('\n')}`);
        }
        const perSecond = Math.round((counts.rows * 1_000) / Math.max(1, now() - startedAt));
        voice.progress(`${told(counts)}${source.share()}, ${perSecond} per second`);
      }
      voice.progress(`All sent in ${showDuration(now() - startedAt)}.`, true);
      voice.answer(counts, told(counts));
      if (counts.refused > 0) throw failed(`${counts.refused} of ${counts.rows} rows were refused.`);
    });

const queryOf = ({ source, model, modelVersion }: ImportOptions): URLSearchParams => {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ source, model, modelVersion })) {
    if (value !== undefined) query.set(name, value);
  }
  return query;
};

const outcomesOf = (text: string): readonly Outcome[] =>
  text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Outcome]));

const told = ({ rows, imported, labeled, repeated, refused }: Counts): string =>
  `${rows} rows: ${imported} imported, ${labeled} labeled, ${repeated} repeated, ${refused} refused`;
