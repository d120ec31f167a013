import { type Command, Option } from 'commander';
import type { ApiClient, ApiRequest } from '../api-client.ts';
import { CliFailure, EXIT, usage } from '../cli-failure.ts';
import { parseDurationMs, parseMoment } from '../duration.ts';
import { asPrediction, exitOfStatus, hasEnded, pretty, summarize, summarizeStatus } from '../prediction-answer.ts';
import { readInput } from '../read-input.ts';
import { type Patience, tryAgain } from '../try-again.ts';
import { waitForPrediction, waiting } from '../wait-for-prediction.ts';
import { type CliContext, type Connected, clientCommand, connect, flagsOf } from './cli-context.ts';
import { modelPath, parseReference, versionPath } from './model-body.ts';

/** Nearly every prediction has ended by then; for the others it is worth a look why not. */
const firstWaitMs = 2_000;

const places = {
  key: 'Idempotency-Key',
  entity: '/entity',
  referenceId: '/referenceId',
  eventTime: '/eventTime',
  context: '/context',
  cancelAfter: 'Cancel-After',
  deadline: 'Cancel-After',
};

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
  readonly deadline?: string;
  readonly example?: true;
}

export const predictCommand = (context: CliContext): Command =>
  clientCommand(
    'predict',
    'Submit one prediction and wait for its answer',
    `npx hindcast predict churn --example`,
    `npx hindcast predict churn @customer.json --wait 10s --key order-1842`,
    `echo '{"age": 41}' | npx hindcast predict churn@2 - --no-wait`,
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
    .addOption(new Option('--deadline <duration>', 'the same as --cancel-after').hideHelp())
    .action(async (model: string, input: string | undefined, options: PredictOptions) => {
      const connected = connect(context, options);
      const { client, voice } = connected;
      const { terminal } = context;
      const now = terminal.now();
      const waitMs = options.wait === false ? 0 : parseDurationMs(options.wait);
      const patience: Patience = { now: terminal.now, until: now + waitMs, note: voice.note };
      const first = waiting(Math.min(firstWaitMs, waitMs));
      const request: ApiRequest = {
        method: 'POST',
        headers: { ...first.headers, ...headersOf(options) },
        timeoutMs: first.timeoutMs,
        flags: flagsOf(options, places),
        json: {
          model,
          ...(options.entity === undefined ? undefined : { entity: options.entity }),
          ...(options.referenceId === undefined ? undefined : { referenceId: options.referenceId }),
          ...(options.eventTime === undefined ? undefined : { eventTime: parseMoment(options.eventTime, now) }),
          ...(options.context === undefined
            ? undefined
            : { context: await readInput(options.context, terminal, '--context') }),
          ...(options.priority === undefined ? undefined : { priority: options.priority }),
          // Last: an example is told, and there is no use in that where an option is wrong.
          input: await inputOf(connected, context, model, input, options),
        },
      };
      const submit = () => client.request('/v1/predictions', request);
      // Under a key it is the same prediction; without one it would be another.
      const submitted = await (options.key === undefined ? submit() : tryAgain(submit, patience));
      let answer = asPrediction(submitted.body);
      const tells = hasEnded(answer) ? summarize : summarizeStatus;
      if (options.wait === false) {
        voice.answer(answer, answer.id);
        return;
      }
      if (!hasEnded(answer)) {
        // Whatever ends this command: the prediction goes on under this id.
        voice.note(voice.dim(`${answer.id}  accepted`));
        await explainWait(connected, model, patience);
        answer = await waitForPrediction(client, answer.id, patience);
      }
      voice.answer(answer, answer.output === undefined ? answer.id : pretty(answer.output));
      if (answer.status !== 'succeeded') throw new CliFailure(exitOfStatus(answer.status), tells(answer));
      voice.note(voice.dim(tells(answer)));
    });

const headersOf = ({ key, deadline, cancelAfter = deadline }: PredictOptions): Record<string, string> => ({
  ...(key === undefined ? undefined : { 'idempotency-key': JSON.stringify(key) }),
  ...(cancelAfter === undefined ? undefined : { 'cancel-after': `${parseDurationMs(cancelAfter)}ms` }),
});

const inputOf = async (
  { client, voice }: Connected,
  { terminal }: CliContext,
  model: string,
  input: string | undefined,
  { example }: PredictOptions,
): Promise<unknown> => {
  if (!example) {
    if (input === undefined) throw usage("Say the input: JSON, @file, - for stdin, or --example for the model's own.");
    return readInput(input, terminal, 'the input');
  }
  if (input !== undefined) throw usage('Give an input or --example, not both.');
  const found = await exampleOf(client, model);
  voice.note(voice.dim(`input ${JSON.stringify(found)}`));
  return found;
};

const exampleOf = async (client: ApiClient, model: string): Promise<unknown> => {
  const { name, version } = parseReference(model);
  const { body } = await client.request(version === undefined ? modelPath(name) : versionPath(name, version));
  const { example } = (body ?? {}) as { example?: unknown };
  if (example === undefined) throw new CliFailure(EXIT.notFound, `The model ${model} has no example.`);
  return example;
};

/** A model that is paused is the one reason to wait that people can end at once. */
const explainWait = async ({ client, voice, hint }: Connected, model: string, patience: Patience): Promise<void> => {
  const { name } = parseReference(model);
  const { status, body } = await tryAgain(() => client.request(modelPath(name), { expect: [404] }), patience);
  if (status !== 200 || (body as { paused?: boolean }).paused !== true) return;
  voice.note(`${name} is paused: its predictions wait until \`${hint(`models resume ${name}`)}\`.`);
};
