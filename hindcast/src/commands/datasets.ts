import { resolve } from 'node:path';
import { type AccountedFor, cutPositions, type DatasetManifest, type DatasetRequest } from '@hindcast/domain';
import type { Command } from 'commander';
import { CliFailure, EXIT, usage } from '../cli-failure.ts';
import { wholeDatasetId } from '../dataset-id.ts';
import { type DatasetOptions, datasetPlaces, datasetRequestOf } from '../dataset-request.ts';
import { downloadDataset } from '../download-dataset.ts';
import { mustBeOutside, mustTakeSet } from '../out-folder.ts';
import { type Voice, voiceOf } from '../terminal.ts';
import { textTable } from '../text-table.ts';
import { endingOf, watchJob } from '../watch-job.ts';
import {
  type CliContext,
  clientCommand,
  command,
  configOfFolder,
  connect,
  dataFolder,
  flagsOf,
} from './cli-context.ts';

/** A data set as the API lists it. */
interface Dataset {
  readonly id: string;
  readonly status: string;
  readonly model: string;
  readonly format: string;
  readonly requestedAt: string;
  readonly from: string;
  readonly to: string;
  readonly accountedFor?: AccountedFor;
  readonly job: string;
}

export const datasetsCommand = (context: CliContext): Command =>
  command(
    'datasets',
    'Cut data sets from the log, and fetch them',
    'npx hindcast datasets create churn --split train=0.8,test=0.2 --out churn-data',
    'npx hindcast datasets list',
  )
    .addCommand(createCommand(context))
    .addCommand(listCommand(context))
    .addCommand(showCommand(context))
    .addCommand(downloadCommand(context))
    .addCommand(diffCommand(context));

interface CreateOptions extends DatasetOptions {
  readonly out?: string;
  readonly data?: string;
  readonly wait: boolean;
  readonly json?: boolean;
}

const createCommand = (context: CliContext): Command =>
  clientCommand(
    'create',
    'Cut a data set: the same stretch of the log and the same wishes give the same bytes',
    'npx hindcast datasets create churn --out churn-data',
    'npx hindcast datasets create churn --unlabelled no@90d --maturity 90d --split train=0.8,test=0.2',
    'npx hindcast datasets create churn --data ./data --out churn-data      # no server needed',
  )
    .argument('<model>', 'name of the model')
    .option('--spec <file>', 'JSON file with any of the wishes of POST /v1/datasets; options win')
    .option('--format <format>', 'parquet (default), ndjson or csv')
    .option('--from <positions>', 'positions (epoch:partition:offset, …) to begin at')
    .option('--to <positions>', 'positions to end before, of every partition; by default where the log ends now')
    .option(
      '--since <time>',
      'made at or after this time, or this long ago: accepted, or of imports predicted (column madeAt)',
    )
    .option('--until <time>', 'made before this time, or this long ago')
    .option('--split <shares>', 'such as train=0.8,test=0.2; entities stay together')
    .option('--holdout <name@time>', 'a split of the newest rows, such as late@2026-01-31T00:00:00Z or late@30d')
    .option('--sample <share>', 'such as 10%; smaller samples lie in larger ones')
    .option('--unlabelled <policy>', 'drop (default), keep, or the value that no label means after a time: no@90d')
    .option('--maturity <time>', 'only labels that came within this time, and only predictions that are as old')
    .option('--redact <column=how...>', 'column=drop, column=hmac or column=bucket:10')
    .option('--verified', 'first hash the log, and cut only what was signed')
    .option('--out <folder>', 'fetch the files into this folder: a new or empty one, or one that has a data set')
    .option('--data <folder>', 'read the log in this folder instead of asking a server; needs --out', dataFolder)
    .option('--no-wait', 'do not wait until it is cut')
    .action(async (model: string, options: CreateOptions) => {
      if (options.out !== undefined) await mustTakeSet(options.out);
      if (options.out !== undefined && options.data !== undefined) mustBeOutside(options.data, options.out);
      const request = await datasetRequestOf(model, options, context.terminal.now());
      if (options.data !== undefined) return cutFolder(context, request, options.data, options);
      const { client, voice } = connect(context, options);
      const answer = await client.request('/v1/datasets', {
        ...{ method: 'POST', json: request },
        flags: flagsOf(options, datasetPlaces),
      });
      const dataset = answer.body as Dataset;
      if (!options.wait) {
        voice.note(`The same set again: ${sameAgain(dataset, request)}`);
        return voice.answer(dataset, dataset.id);
      }
      const job = await watchJob(client, voice, dataset.job);
      if (job.status !== 'succeeded') {
        const why = job.error ? `: ${job.error.detail} (${job.error.code})` : '.';
        throw new CliFailure(
          job.error?.code === 'unknown_model' ? EXIT.notFound : EXIT.failed,
          `The data set is not cut: its job ${endingOf(job.status)}${why}`,
        );
      }
      const manifest =
        options.out === undefined
          ? ((await client.request(`/v1/datasets/${dataset.id}`)).body as DatasetManifest)
          : await downloadDataset(client, dataset.id, options.out, voice);
      answerCut(voice, manifest);
    });

const cutFolder = async (
  context: CliContext,
  request: Awaited<ReturnType<typeof datasetRequestOf>>,
  data: string,
  { out, json = false }: CreateOptions,
): Promise<void> => {
  if (out === undefined) throw usage('With --data name a folder for the files: --out.');
  const config = configOfFolder(context, data);
  const log = await context.openLog(data);
  const voice = voiceOf(context.terminal, json);
  try {
    const { cutFolderDataset } = await import('../cut-folder-dataset.ts');
    const manifest = await cutFolderDataset(log, request, config, resolve(out), voice);
    answerCut(voice, manifest);
  } finally {
    log.close();
  }
};

/** Tells of several splits how many rows each has: that one is empty is seen nowhere else until somebody reads it. */
const answerCut = (voice: Voice, manifest: DatasetManifest): void => {
  const rows = new Map<string, number>();
  for (const file of manifest.files) rows.set(file.split, (rows.get(file.split) ?? 0) + file.rows);
  if (rows.size > 1) {
    voice.note(`Rows by split: ${[...rows].map(([split, count]) => `${split} ${count}`).join(', ')}.`);
    for (const [split, count] of rows) if (count === 0) voice.note(`The split ${split} is empty: no row came into it.`);
  }
  voice.answer(manifest, summary(manifest));
};

/** Options that stand for the log as it was, and for the moment in which times that are so long ago were meant. */
const sameAgain = (
  { from, to }: { readonly from: string; readonly to: string },
  { since, until, split }: Pick<DatasetRequest, 'since' | 'until' | 'split'> | DatasetManifest['spec'],
): string => {
  const time = (of: string | number) => new Date(of).toISOString();
  return [
    `--from ${from} --to ${to}`,
    ...(since === undefined ? [] : [`--since ${time(since)}`]),
    ...(until === undefined ? [] : [`--until ${time(until)}`]),
    ...(split?.holdout ? [`--holdout ${split.holdout.name}@${time(split.holdout.since)}`] : []),
  ].join(' ');
};

const summary = ({ datasetId, spec, cut, files, accountedFor }: DatasetManifest): string => {
  const { requests, rows, ...lost } = accountedFor;
  const why = Object.entries(lost).flatMap(([account, count]) => (count > 0 ? [`${count} ${account}`] : []));
  const accounts = [`${rows} rows`, ...why].join(' + ');
  const listed = files.map(({ name, rows: of, bytes }) => [name, `${of} rows`, `${bytes} bytes`]);
  const again = `the same set again: ${sameAgain(cutPositions(cut), spec)}`;
  return [datasetId, `${requests} requests = ${accounts}`, again, textTable(listed)].join('\n');
};

const listCommand = (context: CliContext): Command =>
  clientCommand('list', 'List the data sets, newest first', 'npx hindcast datasets list --json').action(
    async (options: object) => {
      const { client, voice } = connect(context, options);
      const { data } = (await client.request('/v1/datasets')).body as { data: readonly Dataset[] };
      const cells = ({ id, model, format, status, accountedFor, requestedAt }: Dataset) => [
        ...[id, model, format, status, accountedFor ? `${accountedFor.rows} rows` : '', requestedAt],
      ];
      voice.answer(data, data.length === 0 ? 'No data sets.' : textTable(data.map(cells)));
    },
  );

const showCommand = (context: CliContext): Command =>
  clientCommand(
    'show',
    'Show what a data set holds, and what became of every request',
    'npx hindcast datasets show 9f86d081',
  )
    .argument('<id>', 'id of the data set, or its beginning')
    .action(async (id: string, options: object) => {
      const { client, voice } = connect(context, options);
      const whole = await wholeDatasetId(client, id);
      const manifest = (await client.request(`/v1/datasets/${whole}`)).body as DatasetManifest;
      const columns = manifest.columns.map(({ name, type, role }) => [name, type, role]);
      voice.answer(manifest, [summary(manifest), '', textTable(columns)].join('\n'));
    });

const downloadCommand = (context: CliContext): Command =>
  clientCommand(
    'download',
    'Fetch the files of a data set; one that was broken off goes on',
    'npx hindcast datasets download 9f86d081 --out churn-data',
  )
    .argument('<id>', 'id of the data set, or its beginning')
    .requiredOption('--out <folder>', 'where to put them')
    .action(async (id: string, options: { readonly out: string }) => {
      await mustTakeSet(options.out);
      const { client, voice } = connect(context, options);
      const manifest = await downloadDataset(client, await wholeDatasetId(client, id), options.out, voice);
      voice.answer(manifest, summary(manifest));
    });

const diffCommand = (context: CliContext): Command =>
  clientCommand('diff', 'In what two data sets differ', 'npx hindcast datasets diff 9f86d081 60303ae2')
    .argument('<a>', 'id of one, or its beginning')
    .argument('<b>', 'id of the other, or its beginning')
    .action(async (a: string, b: string, options: object) => {
      const { client, voice } = connect(context, options);
      const [one, other] = [await wholeDatasetId(client, a), await wholeDatasetId(client, b)];
      const { body } = await client.request(`/v1/datasets/diff?${new URLSearchParams({ a: one, b: other })}`);
      const { differences } = body as { differences: readonly { at: string; a?: unknown; b?: unknown }[] };
      const side = (value: unknown) => (value === undefined ? '(none)' : JSON.stringify(value));
      const lines = differences.map((found) => [found.at, side(found.a), side(found.b)]);
      voice.answer(differences, lines.length === 0 ? 'They are the same.' : textTable(lines));
    });
