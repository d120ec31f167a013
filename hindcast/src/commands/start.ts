import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from '@hindcast/domain';
import closeWithGrace from 'close-with-grace';
import type { Command } from 'commander';
import { usage } from '../cli-failure.ts';
import { isDistributed, resolveConfig, serviceVariables } from '../config.ts';
import { farewell, firstMinute, processLine, tryCommand } from '../first-minute.ts';
import { refuseMoved } from '../migrate/migration-mark.ts';
import { endSignals, onAskedToEnd } from '../on-asked-to-end.ts';
import { ROLES, type Role } from '../parts/roles.ts';
import { openProcessLog, speaksToPeople } from '../process-log.ts';
import type { RunningHindcast } from '../running-hindcast.ts';
import type { Config } from '../settings.ts';
import { startFailure } from '../start-failure.ts';
import { type CliContext, command, settingFlags, withSettings } from './cli-context.ts';

export const startCommand = (context: CliContext): Command =>
  runsProcess(
    context,
    command(
      'start',
      'Run Hindcast in this process: the API, the log, the views and the workers',
      'npx hindcast start',
      'npx hindcast start --port 9000 --data /var/lib/hindcast',
    ).option('--after-migration', 'go on with a log that was moved elsewhere, and so make two of it'),
  );

const promises: Readonly<Record<Role, string>> = {
  'command-api': 'Run a process that accepts predictions, labels and models',
  'query-api': 'Run a process that serves results, lists, streams and replays',
  worker: 'Run a process that runs models',
  projector: 'Run a process that makes the views, and ends what passes its deadline',
};

/** The commands that run one part of a distributed Hindcast. */
export const roleCommands = ROLES.map(
  (role) =>
    (context: CliContext): Command =>
      runsProcess(context, command(role, promises[role], `hindcast ${role}`, `PORT=8081 hindcast ${role}`), role),
);

/**
 * How long a process that is asked to end waits for a start that is given up, with the requests that came meanwhile. One that
 * takes longer waits for something that is away.
 */
const startEndMsMax = 5_000;

const runsProcess = (context: CliContext, target: Command, role?: Role): Command =>
  withSettings(target).action(async (options) => {
    const { env } = context.terminal;
    const { config, problems } = resolveConfig({ env, flags: settingFlags(options), cores: context.cores });
    if (!config) throw usage(['Hindcast did not start:', ...problems.map((problem) => `  ${problem}`)].join('\n'));
    if (role !== undefined && !isDistributed(config)) throw usage(lonely(role));
    const isOnFolder = !isDistributed(config) && !config.memory;
    if (isOnFolder && options['afterMigration'] !== true) await refuseMoved(config.data);
    const logger = openProcessLog(config, context.terminal);
    const start = await context.loadStart();
    const end = new AbortController();
    const starting = start(config, logger, role && [role], { ending: end.signal });
    const log = { error: (said: unknown) => complain(logger, said) };
    // Listens from the beginning: a process that is asked to end while it starts ends as one that has started.
    const delay = config.drainNoticeMs + config.shutdownMs;
    const ending = closeWithGrace({ delay, logger: log, skip: [...endSignals] }, async ({ err }) => {
      if (err) complain(logger, err);
      end.abort();
      const givenUp = pause(Math.min(startEndMsMax, config.shutdownMs / 2), undefined, { ref: false });
      const running = await Promise.race([starting.catch(() => undefined), givenUp]);
      // Notice is for whoever sends requests to a process that works.
      await running?.stop({ noticeMs: err ? 0 : config.drainNoticeMs });
      if (!running) return;
      if (speaksToPeople(config, context.terminal)) context.terminal.stdout.write(farewell(running.summary));
      else logger.info({}, 'stopped');
    });
    const stopListening = onAskedToEnd(
      (signal) => {
        logger.info({ signal, withinMs: delay }, 'asked to end: what is open is finished first');
        ending.close();
      },
      (signal) => {
        log.error(`asked to end again (${signal}): what is open is left`);
        process.exit(1);
      },
    );
    const running = await starting.catch((error: unknown) => {
      if (end.signal.aborted) {
        if (error !== end.signal.reason) complain(logger, error);
        return undefined;
      }
      ending.uninstall();
      stopListening();
      throw startFailure(config, error);
    });
    if (!running) return;
    announce(context, config, logger, running, role);
    // Ends the process like any other error that nobody handles.
    void running.lost?.then((error) => Promise.reject(error));
  });

const lonely = (role: Role): string =>
  `\`hindcast ${role}\` is one of several processes, which meet in Kafka, MongoDB and Redis: set ${serviceVariables}. ` +
  'Without them `npx hindcast start` runs everything in one process.';

const announce = (
  { version, terminal }: CliContext,
  config: Config,
  logger: Logger,
  { url, summary }: RunningHindcast,
  role: Role | undefined,
): void => {
  if (speaksToPeople(config, terminal)) {
    const text = role ? processLine(version, role, url, summary) : firstMinute({ version, url, summary });
    terminal.stdout.write(`${text}\n`);
    return;
  }
  const models = summary.models.map(({ example: _, ...model }) => model);
  const fields = { version, process: role ?? 'start', url, data: summary.place, models, missing: summary.missing };
  logger.info({ ...fields, ...(role ? {} : { try: tryCommand(url, summary) }) }, 'ready');
};

const complain = (logger: Logger, said: unknown): void => {
  if (said instanceof Error) logger.error({ err: said }, 'stopped by an error');
  else logger.error({}, String(said));
};
