import type { Command } from 'commander';
import { CliFailure, EXIT, usage } from '../cli-failure.ts';
import { parseDurationMs } from '../duration.ts';
import { hasEnded, pretty, summarize } from '../prediction-answer.ts';
import { predictionPath, waitForPrediction } from '../wait-for-prediction.ts';
import { type CliContext, clientCommand, connect } from './cli-context.ts';

export const getCommand = (context: CliContext): Command =>
  clientCommand(
    'get',
    'Print a prediction',
    'npx hindcast get 01980d7e-6d0c-7000-8000-000000000001',
    'npx hindcast get 01980d7e-6d0c-7000-8000-000000000001 --wait 1m --json',
    'npx hindcast get 01980d7e-6d0c-7000-8000-000000000001 --as-of 0:2:117',
  )
    .argument('<id>', 'id of the prediction')
    .option('--wait <duration>', 'wait until it has ended')
    .option('--as-of <positions>', 'as it stood, with its labels, when the log had nothing behind these positions')
    .action(async (id: string, options: { readonly wait?: string; readonly asOf?: string }) => {
      const { client, voice } = connect(context, options);
      if (options.asOf !== undefined) {
        if (options.wait !== undefined) throw usage('--as-of is about the past: there is nothing to wait for.');
        const query = new URLSearchParams({ asOf: options.asOf, include: 'labels' });
        const { body } = await client.request(`${predictionPath(id)}?${query}`);
        return voice.answer(body, pretty(body));
      }
      const { now } = context.terminal;
      const waitMs = options.wait === undefined ? 0 : parseDurationMs(options.wait);
      const answer = await waitForPrediction(client, id, { now, until: now() + waitMs, note: voice.note });
      voice.answer(answer, pretty(answer));
      if (options.wait !== undefined && !hasEnded(answer)) throw new CliFailure(EXIT.timedOut, summarize(answer));
    });
