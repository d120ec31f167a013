import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { ApiClient } from '../api-client.ts';
import { failed } from '../cli-failure.ts';
import { showDuration } from '../duration.ts';
import type { Voice } from '../terminal.ts';
import { type CliContext, clientCommand, command, connect } from './cli-context.ts';

/** Pause between two looks at a rebuild. */
const lookMs = 250;
/** A rebuild of a large log takes long; without any progress for this long something is wrong. */
const stalledMsMax = 120_000;

export const projectionsCommand = (context: CliContext): Command =>
  command(
    'projections',
    'List the views, or make one again from the log',
    'hindcast projections list',
    'hindcast projections rebuild prediction-status --dry-run',
  )
    .addCommand(listCommand(context))
    .addCommand(rebuildCommand(context));

interface Projection {
  readonly name: string;
  readonly lag: number;
  readonly lagMs: number;
  readonly generations: readonly { readonly generation: number; readonly state: string }[];
}

const listCommand = (context: CliContext): Command =>
  clientCommand(
    'list',
    'List the views and how far they have folded the log',
    'hindcast projections list --json',
  ).action(async (options: object) => {
    const { client, voice } = connect(context, options);
    const { data } = (await client.request('/v1/projections')).body as { data: readonly Projection[] };
    voice.answer(data, data.map(oneLine).join('\n'));
  });

const oneLine = ({ name, lag, lagMs, generations }: Projection): string => {
  const behind = lag === 0 ? 'up to date' : `${lag} events behind (${showDuration(lagMs)})`;
  return `${name}  ${behind}  ${generations.map(({ generation, state }) => `${generation} ${state}`).join(', ')}`;
};

interface Rebuild {
  readonly generation: number;
  readonly phase: string;
  readonly folded: number;
  readonly total: number;
  readonly error?: string;
}

const rebuildCommand = (context: CliContext): Command =>
  clientCommand(
    'rebuild',
    'Fold the log into a new generation of a view and put it in the place of the old one',
    'hindcast projections rebuild prediction-status',
    'hindcast projections rebuild prediction-status --dry-run',
  )
    .argument('<name>', 'the view, as `projections list` names it')
    .option('--dry-run', 'build and compare, but leave the live view in its place')
    .action(async (name: string, options: { readonly dryRun?: true }) => {
      const { client, voice } = connect(context, options);
      const path = `/v1/projections/${encodeURIComponent(name)}/rebuild`;
      const json = options.dryRun ? { dryRun: true } : {};
      const place = (await client.request(path, { method: 'POST', json })).headers.get('location');
      if (place === null) throw failed('The server did not say where to follow the rebuild.');
      const rebuild = await follow(client, new URL(place, client.url).pathname, voice, context.terminal.now);
      voice.answer(rebuild, `${name}: generation ${rebuild.generation} ${options.dryRun ? 'was built' : 'is live'}`);
    });

/** Looks until it has ended. */
const follow = async (client: ApiClient, path: string, voice: Voice, now: () => number): Promise<Rebuild> => {
  const startedAt = now();
  let foldedAt = startedAt;
  let foldedBefore = -1;
  for (;;) {
    const rebuild = (await client.request(path)).body as Rebuild;
    const { phase, folded, total } = rebuild;
    if (phase === 'failed') throw failed(`The rebuild failed: ${rebuild.error ?? 'no reason was given'}`);
    const left = folded === 0 ? '' : `, about ${showDuration(((now() - startedAt) * (total - folded)) / folded)} left`;
    const done = phase === 'done';
    voice.progress(`${phase}: ${folded} of ${total} events${done ? '' : left}`, done);
    if (done) return rebuild;
    if (folded !== foldedBefore) foldedAt = now();
    foldedBefore = folded;
    if (now() - foldedAt > stalledMsMax) throw failed(`The rebuild makes no progress; look at ${client.url}${path}.`);
    await delay(lookMs);
  }
};
