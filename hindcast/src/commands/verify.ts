import { comparedText, isReproduced, ranNothing, VERDICTS, type VerificationReport } from '@hindcast/domain';
import type { Command } from 'commander';
import { CliFailure, EXIT, failed, usage } from '../cli-failure.ts';
import { showDuration } from '../duration.ts';
import { type Voice, voiceOf } from '../terminal.ts';
import { textTable } from '../text-table.ts';
import type { VerificationWish } from '../verify-folder.ts';
import { endingOf, type Job, watchJob } from '../watch-job.ts';
import { type CliContext, clientCommand, configOfFolder, connect, dataFolder } from './cli-context.ts';
import { type PastOptions, pastBody, withPastOptions } from './past-options.ts';

interface VerifyOptions extends PastOptions {
  readonly model?: string;
  readonly data?: string;
  readonly json?: boolean;
}
type Verification = Job & { readonly report?: VerificationReport };

export const verifyCommand = (context: CliContext): Command =>
  withPastOptions(
    clientCommand(
      'verify',
      'Run past predictions again with the recorded models, and compare',
      'npx hindcast verify',
      'npx hindcast verify --model churn@2 --since 24h --sample 1%',
      'npx hindcast verify --data ./data     # no server needed',
    )
      .option('--model <model>', 'only predictions of this model, or of one version of it')
      .option('--data <folder>', 'read this folder instead of asking a server; nothing in it is changed', dataFolder),
  ).action(async (options: VerifyOptions) => {
    const { model, data } = options;
    const json = { ...(model === undefined ? undefined : { model }), ...pastBody(options, context.terminal.now()) };
    if (data !== undefined) return verifyData(context, json, data, options);
    const { client, voice } = connect(context, options);
    const begun = (await client.request('/v1/verifications', { method: 'POST', json })).body as Begun;
    if (!options.wait) {
      voice.answer(begun, begun.id);
      return;
    }
    await watchJob(client, voice, begun.id);
    const ended = (await client.request(begun.links.self)).body as Verification;
    const { report } = ended;
    if (ended.status !== 'succeeded' || !report) {
      throw failed(
        `The verification ${endingOf(ended.status)}: ${ended.error?.detail ?? ended.reason ?? 'no reason is known'}`,
      );
    }
    tell(voice, ended, report);
  });

const verifyData = async (
  context: CliContext,
  wish: VerificationWish,
  data: string,
  { wait, json = false }: VerifyOptions,
): Promise<void> => {
  if (!wait) throw usage('With --data this process does the work: leave out --no-wait.');
  const config = configOfFolder(context, data);
  const log = await context.openLog(data);
  const voice = voiceOf(context.terminal, json);
  try {
    const { verifyFolder } = await import('../verify-folder.ts');
    const { spec, report } = await verifyFolder(log, wish, config, voice);
    tell(voice, { status: 'succeeded', spec, report }, report);
  } finally {
    log.close();
  }
};

const tell = (voice: Voice, ended: object, report: VerificationReport): void => {
  voice.answer(ended, describe(report));
  if (!isReproduced(report)) throw new CliFailure(EXIT.failed, 'Not every answer would be given again.');
  if (report.verified === 0) voice.note(nothingToRun);
  if (ranNothing(report)) throw failed('Nothing was verified: none of these predictions could be run again.');
};

export const nothingToRun = 'There was nothing to run: no prediction that was asked for has a result in the stretch.';

export interface Begun {
  readonly id: string;
  readonly links: { readonly self: string };
}

const describe = (report: VerificationReport): string => {
  const { groups, reasons, examples, timings } = report;
  const head = ['model', 'runtime', ...VERDICTS];
  const rows = groups.map((group) => [
    group.model === 'others' ? 'others' : `${group.model}@${group.version}`,
    group.runtime,
    ...VERDICTS.map((verdict) => String(group[verdict])),
  ]);
  const total = ['all', '', ...VERDICTS.map((verdict) => String(report[verdict]))];
  const { readMs, runMs, compareMs, pausedMs } = timings;
  const took = [
    `${showDuration(readMs)} reading`,
    `${showDuration(runMs)} running`,
    `${showDuration(compareMs)} comparing`,
    ...(pausedMs === 0 ? [] : [`${showDuration(pausedMs)} waiting so as to keep to the rate (--rate)`]),
  ];
  return [
    textTable([head, ...rows, total]),
    '',
    `${comparedText(report)}: ${took.join(', ')}.`,
    ...Object.entries(reasons).map(([reason, count]) => `${count} × ${reason}`),
    // Nothing is wrong with what was imported: how many there are is told above.
    ...examples
      .filter(({ reason }) => reason !== 'imported')
      .map(({ predictionId, position, verdict, reason, detail }) =>
        [predictionId, position, verdict, reason, detail].filter((part) => part !== undefined).join('  '),
      ),
  ].join('\n');
};
