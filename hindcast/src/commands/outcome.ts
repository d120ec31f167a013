import type { Command } from 'commander';
import { type LabelOptions, labelMembers, type Warned, warningsIn, withLabelOptions } from '../label-options.ts';
import { asPrediction, summarize } from '../prediction-answer.ts';
import { predictionPath } from '../wait-for-prediction.ts';
import { type CliContext, clientCommand, connect } from './cli-context.ts';

export const cancelCommand = (context: CliContext): Command =>
  clientCommand(
    'cancel',
    'Cancel a prediction that has not ended',
    'npx hindcast cancel 01980d7e-6d0c-7000-8000-000000000001 --reason "asked twice"',
  )
    .argument('<id>', 'id of the prediction')
    .option('--reason <text>', 'kept in the log')
    .action(async (id: string, options: { readonly reason?: string }) => {
      const { client, voice, hint } = connect(context, options);
      const json = options.reason === undefined ? {} : { reason: options.reason };
      const { status, body } = await client.request(`${predictionPath(id)}/cancel`, { method: 'POST', json });
      const begun = `The cancel is in the log; see what it did: ${hint(`get ${id} --wait 10s`)}`;
      voice.answer(body, status === 202 ? begun : summarize(asPrediction(body)));
    });

export const labelCommand = (context: CliContext): Command =>
  withLabelOptions(
    clientCommand(
      'label',
      'Say what came true; a later label corrects an earlier one',
      'npx hindcast label 01980d7e-6d0c-7000-8000-000000000001 yes',
      'npx hindcast label 01980d7e-6d0c-7000-8000-000000000001 412.5 --source billing --occurred-at 2h',
    )
      .argument('<id>', 'id of the prediction')
      .argument('<value>', 'what came true: JSON, or a word as it is; null takes it back'),
  ).action(async (id: string, value: string, options: LabelOptions) => {
    const { client, voice } = connect(context, options);
    const json = labelMembers(value, options, context.terminal.now());
    const { body } = await client.request(`${predictionPath(id)}/labels`, { method: 'POST', json });
    const { position } = body as { position?: string };
    for (const warning of warningsIn(body as Warned)) voice.note(warning);
    voice.answer(body, `${id}  labeled  ${position ?? ''}`.trimEnd());
  });
