import { jobsCaughtUp, type Problem, problem } from '@hindcast/adapters/http';
import { isEndedJob, type JobDoc, type ProjectionName } from '@hindcast/domain';
import type { CommandContext } from './command-ports.ts';
import { requestJob } from './request-job.ts';

const kinds = ['projection-rebuild', 'projection-undo'] as const;

/** Jobs of a projection that are looked at for the newest. */
const lookedAtMax = 1_000;

/**
 * One job of a projection at a time. The id of each follows from the id of the one before: two that ask at the same time
 * ask for the same job, and the log decides whose it is.
 * @throws Problem `rebuild-running`, and those of `requestJob`
 */
export const requestProjectionJob = async (
  context: CommandContext,
  name: ProjectionName,
  kind: (typeof kinds)[number],
  more: Readonly<Record<string, unknown>>,
): Promise<JobDoc> => {
  const id = await nextIdOf(context, name);
  const { doc, isNew } = await requestJob(context, { id, kind, spec: { projection: name, ...more } });
  if (!isNew) throw running(name, doc.id);
  return doc;
};

/** @throws Problem `rebuild-running` */
export const nextIdOf = async ({ ports, tenant }: CommandContext, name: ProjectionName): Promise<string> => {
  const { jobs, identity } = ports;
  await jobsCaughtUp(jobs);
  const known = kinds
    .flatMap((kind) => jobs.list({ tenant, kind, limit: lookedAtMax }))
    .filter(({ state }) => state.request.spec['projection'] === name);
  const newest = known.reduce<JobDoc | undefined>(
    (a, b) => (a && a.state.request.at >= b.state.request.at ? a : b),
    undefined,
  );
  let id = newest?.id ?? identity.idFromText(`${tenant}/projection/${name}`);
  // Clocks of partitions may differ: the newest by time need not be the last one.
  for (let doc = jobs.get(tenant, id); doc; doc = jobs.get(tenant, id)) {
    if (!isEndedJob(doc.state)) throw running(name, id);
    id = identity.idFromText(id);
  }
  return id;
};

const running = (name: string, id: string): Problem =>
  problem('rebuild-running', `A rebuild of ${name} is running: job ${id}.`);
