import type { Command } from 'commander';
import { parseMoment } from '../duration.ts';
import { labelValue } from '../label-value.ts';
import { asPrediction, summarize } from '../prediction-answer.ts';
import { predictionPath } from '../wait-for-prediction.ts';
import { type CliContext, clientCommand, connect } from './cli-context.ts';

export const cancelCommand = (context: CliContext): Command =>
  clientCommand(
    'cancel',
    'Cancel a prediction that has not ended',
    'hindcast cancel 01980d7e-6d0c-7000-8000-000000000001 --reason "asked twice"',
  )
    .argument('<id>', 'id of the prediction')
    .option('--reason <text>', 'kept in the log')
    .action(async (id: string, options: { readonly reason?: string }) => {
      const { client, voice } = connect(context, options);
      const json = options.reason === undefined ? {} : { reason: options.reason };
      const { status, body } = await client.request(`${predictionPath(id)}/cancel`, { method: 'POST', json });
      const begun = `The cancel is in the log; see what it did: hindcast get ${id} --wait 10s`;
      voice.answer(body, status === 202 ? begun : summarize(asPrediction(body)));
    });

interface LabelOptions {
  readonly occurredAt?: string;
  readonly source?: string;
}

export const labelCommand = (context: CliContext): Command =>
  clientCommand(
    'label',
    'Say what came true; a later label corrects an earlier one',
    'hindcast label 01980d7e-6d0c-7000-8000-000000000001 yes',
    'hindcast label 01980d7e-6d0c-7000-8000-000000000001 412.5 --source billing --occurred-at 2h',
  )
    .argument('<id>', 'id of the prediction')
    .argument('<value>', 'what came true: JSON, or a word as it is')
    .option('--occurred-at <time>', 'when it came true, ISO 8601 or this long ago')
    .option('--source <text>', 'who says so')
    .action(async (id: string, value: string, options: LabelOptions) => {
      const { client, voice } = connect(context, options);
      const now = context.terminal.now();
      const { body } = await client.request(`${predictionPath(id)}/labels`, {
        method: 'POST',
        json: {
          value: labelValue(value),
          ...(options.occurredAt === undefined ? undefined : { occurredAt: parseMoment(options.occurredAt, now) }),
          ...(options.source === undefined ? undefined : { source: options.source }),
        },
      });
      const { position } = body as { position?: string };
      voice.answer(body, `${id}  labeled  ${position ?? ''}`.trimEnd());
    });
