import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { failed } from '../cli-failure.ts';
import { showDuration } from '../duration.ts';
import { textTable } from '../text-table.ts';
import { type CliContext, type Connected, clientCommand, command, connect } from './cli-context.ts';
import { asOfCommand } from './projections-as-of.ts';

/** Pause between two looks at a rebuild. */
const lookMs = 250;
/** A rebuild of a large log takes long; without any progress for this long something is wrong. */
const stalledMsMax = 120_000;

export const projectionsCommand = (context: CliContext): Command =>
  command(
    'projections',
    'List the views, make one again from the log, take that back, or see one as it was',
    'npx hindcast projections list',
    'npx hindcast projections rebuild prediction-status --dry-run',
  )
    .addCommand(listCommand(context))
    .addCommand(rebuildCommand(context))
    .addCommand(undoCommand(context))
    .addCommand(asOfCommand(context));

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
    'npx hindcast projections list --json',
  ).action(async (options: object) => {
    const { client, voice } = connect(context, options);
    const { data } = (await client.request('/v1/projections')).body as { data: readonly Projection[] };
    voice.answer(data, textTable(data.map(cells)));
  });

const cells = ({ name, lag, lagMs, generations }: Projection): readonly string[] => {
  const behind = lag === 0 ? 'up to date' : `${lag} events behind (${showDuration(lagMs)})`;
  return [name, behind, generations.map(({ generation, state }) => `${generation} ${state}`).join(', ')];
};

interface Rebuild {
  readonly generation: number;
  readonly phase: string;
  readonly folded: number;
  readonly total: number;
  readonly ratePerSecond?: number;
  readonly etaMs?: number;
  readonly error?: string;
}

const rebuildCommand = (context: CliContext): Command =>
  clientCommand(
    'rebuild',
    'Fold the log into a new generation of a view and put it in the place of the old one',
    'npx hindcast projections rebuild prediction-status',
    'npx hindcast projections rebuild prediction-status --dry-run',
  )
    .argument('<name>', 'the view, as `projections list` names it')
    .option('--dry-run', 'build and compare, but leave the live view in its place')
    .option('--force', 'put it in the place of the live view also where the two differ')
    .action(async (name: string, options: { readonly dryRun?: true; readonly force?: true }) => {
      const connected = connect(context, options);
      const { dryRun, force } = options;
      const rebuild = await run(connected, name, 'rebuild', { dryRun, force }, context);
      const became = dryRun ? 'was built' : 'is live';
      connected.voice.answer(rebuild, `${name}: generation ${rebuild.generation} ${became}`);
    });

const undoCommand = (context: CliContext): Command =>
  clientCommand(
    'undo',
    'Go back to the generation of a view before its last rebuild; twice goes forward again',
    'npx hindcast projections undo prediction-status',
  )
    .argument('<name>', 'the view, as `projections list` names it')
    .action(async (name: string, options: object) => {
      const connected = connect(context, options);
      const undone = await run(connected, name, 'undo', undefined, context);
      connected.voice.answer(undone, `${name}: generation ${undone.generation} is live again`);
    });

/** Begins it, and looks until it has ended. */
const run = async (
  connected: Connected,
  name: string,
  verb: 'rebuild' | 'undo',
  json: object | undefined,
  { terminal }: CliContext,
): Promise<Rebuild> => {
  const path = `/v1/projections/${encodeURIComponent(name)}/${verb}`;
  const begun = await connected.client.request(path, { method: 'POST', json });
  const place = begun.headers.get('location');
  if (place === null) throw failed(`The server did not say where to follow the ${verb}.`);
  return follow(connected, new URL(place, connected.client.url).pathname, verb, terminal.now);
};

const follow = async (
  { client, voice }: Connected,
  path: string,
  verb: string,
  now: () => number,
): Promise<Rebuild> => {
  let foldedAt = now();
  let foldedBefore = -1;
  for (;;) {
    const rebuild = (await client.request(path)).body as Rebuild;
    const { phase, folded } = rebuild;
    if (phase === 'failed') throw failed(`The ${verb} failed: ${rebuild.error ?? 'no reason was given'}`);
    const done = phase === 'done';
    // An undo has nothing to fold: that it is done is its answer.
    if (rebuild.total > 0) voice.progress(progressOf(rebuild), done);
    if (done) return rebuild;
    if (folded !== foldedBefore) foldedAt = now();
    foldedBefore = folded;
    if (now() - foldedAt > stalledMsMax) throw failed(`The ${verb} makes no progress; look at ${client.url}${path}.`);
    await delay(lookMs);
  }
};

const progressOf = ({ phase, folded, total, ratePerSecond, etaMs }: Rebuild): string => {
  const rate = ratePerSecond === undefined ? '' : `, ${ratePerSecond} per second`;
  const left = etaMs === undefined ? '' : `, about ${showDuration(etaMs)} left`;
  return `${phase}: ${folded} of ${total} events${rate}${left}`;
};
