import type { Command } from 'commander';
import { CliFailure, EXIT, usage } from '../cli-failure.ts';
import { textTable } from '../text-table.ts';
import { endingOf, type Job, jobPath, progressOf, reasonOf, watchJob } from '../watch-job.ts';
import { type CliContext, clientCommand, command, connect, flagsOf } from './cli-context.ts';

const example = 'ac9a2a70-8c42-5b3c-9d6a-0f3d3c1f7b52';

export const jobsCommand = (context: CliContext): Command =>
  command(
    'jobs',
    'List, show, watch and cancel long work',
    'npx hindcast jobs list',
    `npx hindcast jobs watch ${example}`,
  )
    .addCommand(listCommand(context))
    .addCommand(showCommand(context))
    .addCommand(watchCommand(context))
    .addCommand(cancelCommand(context));

const outcomeOf = (job: Job): string => {
  const { status, result } = job;
  const reason = reasonOf(job);
  if (reason !== undefined) return `${status}: ${reason}`;
  return result === undefined ? status : `${status}  ${JSON.stringify(result)}`;
};

const listCommand = (context: CliContext): Command =>
  clientCommand('list', 'List the jobs, newest first', 'npx hindcast jobs list --status running --json')
    .option('--kind <kind>', 'only this kind, such as projection-rebuild')
    .option('--status <status>', 'only these: queued, running, succeeded, failed, canceled')
    .option('--limit <count>', 'no more than so many', '50')
    .action(async (options: { readonly kind?: string; readonly status?: string; readonly limit: string }) => {
      const { client, voice } = connect(context, options);
      if (!/^[1-9]\d{0,2}$/.test(options.limit))
        throw usage(`"${options.limit}" is no limit; write a number from 1 to 500.`);
      const query = new URLSearchParams({ limit: options.limit });
      if (options.kind !== undefined) query.set('kind', options.kind);
      if (options.status !== undefined) query.set('status', options.status);
      const { data } = (
        await client.request(`/v1/jobs?${query}`, { flags: flagsOf(options, { kind: 'kind', status: 'status' }) })
      ).body as { data: readonly Job[] };
      const cells = (job: Job) => [
        job.id,
        job.kind,
        job.requestedAt,
        reasonOf(job) === undefined ? progressOf(job) : outcomeOf(job),
      ];
      voice.answer(data, data.length === 0 ? 'No such jobs.' : textTable(data.map(cells)));
    });

const showCommand = (context: CliContext): Command =>
  clientCommand(
    'show',
    'Show a job: what it is asked to do, how far it is, what came of it',
    `npx hindcast jobs show ${example}`,
  )
    .argument('<id>', 'id of the job')
    .action(async (id: string, options: object) => {
      const { client, voice } = connect(context, options);
      const job = (await client.request(jobPath(id))).body as Job;
      const rows = [
        ['id', job.id],
        ['kind', job.kind],
        ['asked', JSON.stringify(job.spec)],
        ['requested', job.requestedAt],
        ['attempts', String(job.attempts)],
        ['progress', progressOf(job)],
        ['outcome', outcomeOf(job)],
      ];
      voice.answer(job, textTable(rows));
    });

const watchCommand = (context: CliContext): Command =>
  clientCommand(
    'watch',
    'Follow a job until it has ended; Ctrl-C leaves it alone',
    `npx hindcast jobs watch ${example}`,
  )
    .argument('<id>', 'id of the job')
    .action(async (id: string, options: object) => {
      const { client, voice } = connect(context, options);
      const job = await watchJob(client, voice, id);
      voice.answer(job, outcomeOf(job));
      if (job.status !== 'succeeded') throw new CliFailure(EXIT.failed, `The job ${endingOf(job.status)}.`);
    });

const cancelCommand = (context: CliContext): Command =>
  clientCommand(
    'cancel',
    'Cancel a job that has not ended',
    `npx hindcast jobs cancel ${example} --reason "wrong range"`,
  )
    .argument('<id>', 'id of the job')
    .option('--reason <text>', 'kept in the log')
    .action(async (id: string, options: { readonly reason?: string }) => {
      const { client, voice } = connect(context, options);
      const json = options.reason === undefined ? {} : { reason: options.reason };
      const { body } = await client.request(`${jobPath(id)}/cancel`, { method: 'POST', json });
      voice.answer(body, `${id}  canceled`);
    });
