import type { Logger } from '@hindcast/domain';
import closeWithGrace from 'close-with-grace';
import type { Command } from 'commander';
import { usage } from '../cli-failure.ts';
import { resolveConfig } from '../config.ts';
import { farewell, firstMinute, tryCommand } from '../first-minute.ts';
import { openProcessLog, speaksToPeople } from '../process-log.ts';
import type { RunningHindcast } from '../running-hindcast.ts';
import type { Config } from '../settings.ts';
import { startFailure } from '../start-failure.ts';
import { type CliContext, command, settingFlags, withSettings } from './cli-context.ts';

export const startCommand = (context: CliContext): Command =>
  withSettings(
    command(
      'start',
      'Run Hindcast in this process: the API, the log, the views and the workers',
      'hindcast start',
      'hindcast start --port 9000 --data /var/lib/hindcast',
    ),
  ).action(async (options) => {
    const { env } = context.terminal;
    const { config, problems } = resolveConfig({ env, flags: settingFlags(options), cores: context.cores });
    if (!config) throw usage(['Hindcast did not start:', ...problems.map((problem) => `  ${problem}`)].join('\n'));
    const logger = openProcessLog(config, context.terminal);
    const start = await context.loadStartEmbedded();
    const running = await start(config, logger).catch((error: unknown) => {
      throw startFailure(config, error);
    });
    announce(context, config, logger, running);
    const log = { error: (said: unknown) => complain(logger, said) };
    closeWithGrace({ delay: config.shutdownMs, logger: log }, async ({ err }) => {
      if (err) complain(logger, err);
      await running.stop();
      if (speaksToPeople(config, context.terminal)) context.terminal.stdout.write(farewell(running.summary));
    });
  });

const announce = (context: CliContext, config: Config, logger: Logger, { url, summary }: RunningHindcast): void => {
  if (speaksToPeople(config, context.terminal)) {
    context.terminal.stdout.write(`${firstMinute({ version: context.version, url, summary })}\n`);
    return;
  }
  const models = summary.models.map(({ example: _, ...model }) => model);
  const fields = {
    version: context.version,
    url,
    data: summary.dataFolder ?? 'memory',
    models,
    missing: summary.missing,
  };
  logger.info({ ...fields, try: tryCommand(url, summary) }, 'ready');
};

const complain = (logger: Logger, said: unknown): void => {
  if (said instanceof Error) logger.error({ err: said }, 'stopped by an error');
  else logger.error({}, String(said));
};
