import type { Command } from 'commander';
import { CliFailure, EXIT } from '../cli-failure.ts';
import { parseDurationMs } from '../duration.ts';
import { hasEnded, pretty, summarize } from '../prediction-answer.ts';
import { waitForPrediction } from '../wait-for-prediction.ts';
import { type CliContext, clientCommand, connect } from './cli-context.ts';

export const getCommand = (context: CliContext): Command =>
  clientCommand(
    'get',
    'Print a prediction',
    'hindcast get 01980d7e-6d0c-7000-8000-000000000001',
    'hindcast get 01980d7e-6d0c-7000-8000-000000000001 --wait 1m --json',
  )
    .argument('<id>', 'id of the prediction')
    .option('--wait <duration>', 'wait until it has ended')
    .action(async (id: string, options: { readonly wait?: string }) => {
      const { client, voice } = connect(context, options);
      const { now } = context.terminal;
      const waitMs = options.wait === undefined ? 0 : parseDurationMs(options.wait);
      const answer = await waitForPrediction(client, id, { now, until: now() + waitMs });
      voice.answer(answer, pretty(answer));
      if (options.wait !== undefined && !hasEnded(answer)) throw new CliFailure(EXIT.timedOut, summarize(answer));
    });
