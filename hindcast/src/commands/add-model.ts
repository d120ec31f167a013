import { openAsBlob } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { usage } from '../cli-failure.ts';
import { parseDurationMs } from '../duration.ts';
import { readJsonFile, unreadable } from '../read-input.ts';
import { type CliContext, type Connected, clientCommand, connect, flagsOf } from './cli-context.ts';
import { type ModelVersionBody, modelPath } from './model-body.ts';
import { featureLines } from './show-model.ts';

/** A model is scanned, loaded and tried before the answer. */
const addTimeoutMs = 240_000;

const addPlaces = {
  description: 'description',
  cancelAfter: 'deadlineMs',
  deadline: 'deadlineMs',
  timeout: 'timeoutMs',
  batchMax: 'batchMax',
};

interface AddOptions {
  readonly metadata?: string;
  readonly description?: string;
  readonly deadline?: string;
  readonly cancelAfter?: string;
  readonly timeout?: string;
  readonly batchMax?: string;
}

export const addModelCommand = (context: CliContext): Command =>
  clientCommand(
    'add',
    'Register an ONNX file as the next version of a model',
    'npx hindcast models add churn ./model.onnx',
    'npx hindcast models add churn ./model.onnx --metadata churn.json --timeout 2s',
  )
    .argument('<name>', 'name of the model')
    .argument('<file>', 'the ONNX file')
    .option(
      '--metadata <file>',
      'JSON of what the file itself does not say: features, classes, threshold, defaults, missing, example, description',
    )
    .option('--description <text>', 'one sentence for people')
    .option('--deadline <duration>', 'time that its predictions have to end, where they name none')
    .option('--cancel-after <duration>', 'the same as --deadline')
    .option('--timeout <duration>', 'time that one run may take')
    .option('--batch-max <rows>', 'rows in one run')
    .action(async (name: string, path: string, options: AddOptions) => {
      const { client, voice, hint } = connect(context, options);
      const file = await openFile(path);
      const query = await registrationQuery(options);
      const answer = await client.request(`${modelPath(name)}/versions?${query}`, {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream' },
        body: file,
        timeoutMs: addTimeoutMs,
        flags: flagsOf(options, addPlaces),
      });
      const registered = answer.body as ModelVersionBody;
      const created = answer.status === 201;
      voice.answer(registered, created ? summary(registered) : unchanged(registered));
      for (const { detail } of registered.warnings ?? []) voice.note(`Warning: ${detail}`);
      voice.note(voice.dim(created ? nextStep(registered, hint) : tryHint(registered, hint)));
    });

/** A folder opens like a file, and fails only when it is sent. */
const openFile = async (path: string): Promise<Blob> => {
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (!found.isFile()) throw usage(`${path} is no file: name the ONNX file itself.`);
  try {
    return await openAsBlob(path);
  } catch (error) {
    throw unreadable(path, error);
  }
};

const summary = (registered: ModelVersionBody): string =>
  [`${registered.name}@${registered.version} is registered`, ...featureLines(registered)].join('\n');

/** Where the file had been lost this has brought it back. */
const unchanged = ({ name, version }: ModelVersionBody): string =>
  `${name}@${version} already is this file with the same metadata and settings: no version was added, and its file is stored`;

const tryHint = ({ name, version }: ModelVersionBody, hint: Connected['hint']): string =>
  `Try it: ${hint(`predict ${name}@${version} --example`)}    All about it: ${hint(`models show ${name}@${version}`)}`;

const nextStep = (registered: ModelVersionBody, hint: Connected['hint']): string => {
  const { name, version, curl } = registered;
  const traffic = version === 1 ? [] : [`Send it traffic: ${hint(`models promote ${name}@${version}`)}`];
  return [tryHint(registered, hint), `or: ${curl}`, ...traffic].join('\n');
};

const registrationQuery = async (options: AddOptions): Promise<URLSearchParams> => {
  const query = new URLSearchParams();
  const deadline = options.deadline ?? options.cancelAfter;
  if (options.metadata !== undefined) query.set('metadata', JSON.stringify(await readJsonFile(options.metadata)));
  if (options.description !== undefined) query.set('description', options.description);
  if (deadline !== undefined) query.set('deadlineMs', String(parseDurationMs(deadline)));
  if (options.timeout !== undefined) query.set('timeoutMs', String(parseDurationMs(options.timeout)));
  if (options.batchMax !== undefined) query.set('batchMax', options.batchMax);
  return query;
};
