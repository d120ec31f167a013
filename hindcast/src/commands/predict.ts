import { type Command, Option } from 'commander';
import type { ApiClient } from '../api-client.ts';
import { CliFailure, EXIT, usage } from '../cli-failure.ts';
import { parseDurationMs, parseMoment } from '../duration.ts';
import { asPrediction, exitOfStatus, hasEnded, pretty, summarize } from '../prediction-answer.ts';
import { readInput } from '../read-input.ts';
import { waitForPrediction, waiting } from '../wait-for-prediction.ts';
import { type CliContext, clientCommand, connect } from './cli-context.ts';

interface PredictOptions {
  /** false with `--no-wait`. */
  readonly wait: string | false;
  readonly key?: string;
  readonly entity?: string;
  readonly referenceId?: string;
  readonly eventTime?: string;
  readonly context?: string;
  readonly priority?: string;
  readonly cancelAfter?: string;
  readonly example?: true;
}

export const predictCommand = (context: CliContext): Command =>
  clientCommand(
    'predict',
    'Submit one prediction and wait for its answer',
    `hindcast predict churn --example`,
    `hindcast predict churn @customer.json --wait 10s --key order-1842`,
    `echo '{"age": 41}' | hindcast predict churn@2 - --no-wait`,
  )
    .argument('<model>', 'name, or name@version')
    .argument('[input]', 'JSON, @file, or - for stdin')
    .option('--example', "use the model's own example as the input")
    .option('--wait <duration>', 'how long to wait for the end', '30s')
    .option('--no-wait', 'print the id as soon as the prediction is durable')
    .option('--key <text>', 'idempotency key: the same key and input give the same prediction')
    .option('--entity <text>', 'whom it is about, such as a customer')
    .option('--reference-id <text>', 'your own id for it')
    .option('--event-time <time>', 'when it happened, ISO 8601')
    .option('--context <json>', 'kept beside the input, never shown to the model')
    .addOption(new Option('--priority <level>', 'order among waiting predictions').choices(['high', 'normal', 'low']))
    .option('--cancel-after <duration>', 'time it has to end, else it expires')
    .action(async (model: string, input: string | undefined, options: PredictOptions) => {
      const { client, voice } = connect(context, options);
      const { terminal } = context;
      const now = terminal.now();
      const until = now + (options.wait === false ? 0 : parseDurationMs(options.wait));
      const first = waiting(until - now);
      const submitted = await client.request('/v1/predictions', {
        method: 'POST',
        headers: { ...first.headers, ...headersOf(options) },
        timeoutMs: first.timeoutMs,
        json: {
          model,
          input: options.example ? await exampleOf(client, model) : await given(input, context),
          ...(options.entity === undefined ? undefined : { entity: options.entity }),
          ...(options.referenceId === undefined ? undefined : { referenceId: options.referenceId }),
          ...(options.eventTime === undefined ? undefined : { eventTime: parseMoment(options.eventTime, now) }),
          ...(options.context === undefined ? undefined : { context: await readInput(options.context, terminal) }),
          ...(options.priority === undefined ? undefined : { priority: options.priority }),
        },
      });
      let answer = asPrediction(submitted.body);
      if (options.wait === false) {
        voice.answer(answer, answer.id);
        return;
      }
      if (!hasEnded(answer)) answer = await waitForPrediction(client, answer.id, { now: terminal.now, until });
      voice.answer(answer, answer.output === undefined ? answer.id : pretty(answer.output));
      if (answer.status !== 'succeeded') throw new CliFailure(exitOfStatus(answer.status), summarize(answer));
      voice.note(voice.dim(summarize(answer)));
    });

const headersOf = ({ key, cancelAfter }: PredictOptions): Record<string, string> => ({
  ...(key === undefined ? undefined : { 'idempotency-key': JSON.stringify(key) }),
  ...(cancelAfter === undefined ? undefined : { 'cancel-after': `${parseDurationMs(cancelAfter)}ms` }),
});

const given = async (input: string | undefined, { terminal }: CliContext): Promise<unknown> => {
  if (input === undefined) throw usage("Say the input: JSON, @file, - for stdin, or --example for the model's own.");
  return readInput(input, terminal);
};

const exampleOf = async (client: ApiClient, model: string): Promise<unknown> => {
  const [name = '', version] = model.split('@');
  const path = `/v1/models/${encodeURIComponent(name)}${version === undefined ? '' : `/versions/${encodeURIComponent(version)}`}`;
  const { body } = await client.request(path);
  const { example } = (body ?? {}) as { example?: unknown };
  if (example === undefined) throw new CliFailure(EXIT.notFound, `The model ${model} has no example.`);
  return example;
};
