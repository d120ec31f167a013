import { counted } from '@hindcast/domain';
import type { Command } from 'commander';
import { CliFailure, EXIT, failed, PassingFailure, usage } from '../cli-failure.ts';
import { textTable } from '../text-table.ts';
import { addModelCommand } from './add-model.ts';
import { type CliContext, clientCommand, command, connect } from './cli-context.ts';
import { type ModelBody, modelPath, parseReference, trafficOf } from './model-body.ts';
import { showModelCommand } from './show-model.ts';

export const modelsCommand = (context: CliContext): Command =>
  command(
    'models',
    'List, show, add, promote, retire and pause models',
    'npx hindcast models list',
    'npx hindcast models add churn ./model.onnx',
  )
    .addCommand(listCommand(context))
    .addCommand(showModelCommand(context))
    .addCommand(addModelCommand(context))
    .addCommand(promoteCommand(context))
    .addCommand(retireCommand(context))
    .addCommand(restCommand(context, 'pause', 'Let the predictions of a model wait', 'is paused: its predictions wait'))
    .addCommand(restCommand(context, 'resume', 'Run the predictions of a paused model', 'runs again'));

const listCommand = (context: CliContext): Command =>
  clientCommand('list', 'List the models and who gets their traffic', 'npx hindcast models list --json').action(
    async (options: object) => {
      const { client, voice, hint } = connect(context, options);
      const { body } = await client.request('/v1/models');
      const models = (body as { data?: readonly ModelBody[] }).data ?? [];
      const none = `No models yet. Add one: ${hint('models add <name> <file.onnx>')}`;
      voice.answer(models, models.length === 0 ? none : textTable(models.map(cells)));
    },
  );

const cells = (model: ModelBody): readonly string[] => {
  const { name, versions, paused } = model;
  const resting = versions.filter(({ state }) => state !== 'active');
  const notes = [...resting.map(({ version, state }) => `${version} ${state}`), ...(paused ? ['paused'] : [])];
  const count = counted(versions.length, 'version');
  return [name, count, trafficOf(model), notes.join(', ')];
};

const promoteCommand = (context: CliContext): Command =>
  clientCommand(
    'promote',
    'Make a version the champion: it gets the traffic of the model',
    'npx hindcast models promote churn@2',
  )
    .argument('<name@version>', 'which version')
    .action(async (reference: string, options: object) => {
      const { client, voice } = connect(context, options);
      const { name, version: champion } = oneVersion(reference);
      const path = modelPath(name);
      const seen = await client.request(path);
      const etag = seen.headers.get('etag');
      if (etag === null) throw failed('The server did not say which revision of the model this is.');
      const model = seen.body as ModelBody;
      const canary = (model.routing?.canary ?? []).filter((other) => other.version !== champion);
      const request = { method: 'PUT', headers: { 'if-match': etag }, json: { champion, canary } } as const;
      const moved = await client.request(`${path}/routing`, request).catch((error: unknown) => {
        const isThere = model.versions.some(({ version }) => version === champion);
        if (isThere || !(error instanceof CliFailure) || error instanceof PassingFailure) throw error;
        // To the server it is a mistake of the routing; to a script it is not found, as with every other command.
        throw new CliFailure(EXIT.notFound, error.message, { cause: error });
      });
      voice.answer(moved.body, `${name}: version ${champion} is the champion`);
    });

const retireCommand = (context: CliContext): Command =>
  clientCommand(
    'retire',
    'Give a version no more predictions, for good; what it has answered stays, and so does its file',
    'npx hindcast models retire churn@1',
  )
    .argument('<name@version>', 'which version; not one that gets traffic: promote another one first')
    .action(async (reference: string, options: object) => {
      const { client, voice } = connect(context, options);
      const { name, version } = oneVersion(reference);
      const { body } = await client.request(`${modelPath(name)}/versions/${version}`, { method: 'DELETE' });
      voice.answer(body, `${name}: version ${version} is retired`);
    });

const oneVersion = (reference: string): { readonly name: string; readonly version: number } => {
  const { name, version } = parseReference(reference);
  if (version === undefined) throw usage(`"${reference}" names no version; write it like churn@2.`);
  return { name, version };
};

const restCommand = (context: CliContext, verb: 'pause' | 'resume', about: string, done: string): Command =>
  clientCommand(verb, about, `npx hindcast models ${verb} churn`)
    .argument('<name>', 'name of the model')
    .action(async (name: string, options: object) => {
      const { client, voice } = connect(context, options);
      const { body } = await client.request(`${modelPath(name)}/${verb}`, { method: 'POST' });
      voice.answer(body, `${name} ${done}`);
    });
