import { openAsBlob } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { failed, usage } from '../cli-failure.ts';
import { parseDurationMs } from '../duration.ts';
import { type CliContext, clientCommand, command, connect } from './cli-context.ts';

/** A model is scanned, loaded and tried before the answer. */
const addTimeoutMs = 240_000;

/** A model as far as the command line reads it. */
interface ModelBody {
  readonly name: string;
  readonly versions?: readonly { readonly version: number; readonly state?: string }[];
  readonly routing?: { readonly champion: number; readonly canary?: readonly { version: number; share: number }[] };
  readonly paused?: boolean;
}

export const modelsCommand = (context: CliContext): Command =>
  command('models', 'List, add and promote models', 'hindcast models list', 'hindcast models add churn ./model.onnx')
    .addCommand(listCommand(context))
    .addCommand(addCommand(context))
    .addCommand(promoteCommand(context));

const listCommand = (context: CliContext): Command =>
  clientCommand('list', 'List the models and who gets their traffic', 'hindcast models list --json').action(
    async (options: object) => {
      const { client, voice } = connect(context, options);
      const { body } = await client.request('/v1/models');
      const models = (body as { data?: readonly ModelBody[] }).data ?? [];
      const none = 'No models yet. Add one: hindcast models add <name> <file.onnx>';
      voice.answer(models, models.length === 0 ? none : models.map(oneLine).join('\n'));
    },
  );

const oneLine = ({ name, versions, routing, paused }: ModelBody): string => {
  const canary = routing?.canary?.map(({ version, share }) => `, canary ${version} (${share * 100} %)`).join('') ?? '';
  const resting = versions?.filter(({ state }) => state !== undefined && state !== 'active') ?? [];
  const notes = [...resting.map(({ version, state }) => `${version} ${state}`), ...(paused ? ['paused'] : [])];
  const traffic = routing ? `champion ${routing.champion}${canary}` : 'no traffic';
  const count = versions?.length ?? 0;
  return `${name}  ${count} version${count === 1 ? '' : 's'}  ${traffic}${notes.length > 0 ? `  ${notes.join(', ')}` : ''}`;
};

interface AddOptions {
  readonly metadata?: string;
  readonly description?: string;
  readonly deadline?: string;
  readonly timeout?: string;
  readonly batchMax?: string;
}

const addCommand = (context: CliContext): Command =>
  clientCommand(
    'add',
    'Register an ONNX file as the next version of a model',
    'hindcast models add churn ./model.onnx',
    'hindcast models add churn ./model.onnx --metadata churn.json --timeout 2s',
  )
    .argument('<name>', 'name of the model')
    .argument('<file>', 'the ONNX file')
    .option('--metadata <file>', 'JSON of what the file itself does not say: features, classes, threshold, example, …')
    .option('--description <text>', 'one sentence for people')
    .option('--deadline <duration>', 'time that its predictions have to end, where they name none')
    .option('--timeout <duration>', 'time that one run may take')
    .option('--batch-max <rows>', 'rows in one run')
    .action(async (name: string, path: string, options: AddOptions) => {
      const { client, voice } = connect(context, options);
      const file = await openAsBlob(path).catch((error: unknown) => {
        throw usage(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
      });
      const query = await registrationQuery(options);
      const answer = await client.request(`/v1/models/${encodeURIComponent(name)}/versions?${query}`, {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream' },
        body: file,
        timeoutMs: addTimeoutMs,
      });
      const { version } = answer.body as { version?: number };
      voice.answer(answer.body, `${name}@${version ?? '?'} is registered`);
      if (version !== 1) voice.note(voice.dim(`Send it traffic: hindcast models promote ${name}@${version ?? '?'}`));
    });

const registrationQuery = async (options: AddOptions): Promise<URLSearchParams> => {
  const query = new URLSearchParams();
  if (options.metadata !== undefined) query.set('metadata', await metadataOf(options.metadata));
  if (options.description !== undefined) query.set('description', options.description);
  if (options.deadline !== undefined) query.set('deadlineMs', String(parseDurationMs(options.deadline)));
  if (options.timeout !== undefined) query.set('timeoutMs', String(parseDurationMs(options.timeout)));
  if (options.batchMax !== undefined) query.set('batchMax', options.batchMax);
  return query;
};

const metadataOf = async (path: string): Promise<string> => {
  try {
    return JSON.stringify(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    throw usage(`${path} is no JSON file: ${error instanceof Error ? error.message : String(error)}`);
  }
};

const promoteCommand = (context: CliContext): Command =>
  clientCommand(
    'promote',
    'Make a version the champion: it gets the traffic of the model',
    'hindcast models promote churn@2',
  )
    .argument('<name@version>', 'which version')
    .action(async (reference: string, options: object) => {
      const { client, voice } = connect(context, options);
      const [, name, version] = /^([^@]+)@(\d{1,9})$/.exec(reference) ?? [];
      if (name === undefined) throw usage(`"${reference}" names no version; write it like churn@2.`);
      const champion = Number(version);
      const path = `/v1/models/${encodeURIComponent(name)}`;
      const seen = await client.request(path);
      const etag = seen.headers.get('etag');
      if (etag === null) throw failed('The server did not say which revision of the model this is.');
      const canary = ((seen.body as ModelBody).routing?.canary ?? []).filter((other) => other.version !== champion);
      const moved = await client.request(`${path}/routing`, {
        method: 'PUT',
        headers: { 'if-match': etag },
        json: { champion, canary },
      });
      voice.answer(moved.body, `${name}: version ${champion} is the champion`);
    });
