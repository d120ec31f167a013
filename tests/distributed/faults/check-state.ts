import { type RawEvent, statusOf } from '../../scenarios/log-dump.ts';
import type { Law, Truth } from './evidence.ts';
import { acceptedRows, type Body, type Row, referenceOf } from './history.ts';

export const nothingAcceptedIsLost: Law = ({ history, truth }) => [
  ...new Set(
    history.flatMap((operation) =>
      acceptedRows(operation).flatMap(({ id }) => {
        const known = truth.get(id);
        if (!known) return [`${id} was accepted and is not in the log`];
        return known.end ? [] : [`${id} was accepted and has not ended`];
      }),
    ),
  ),
];

/** None of these models fails, and no deadline is near. */
export const everythingSucceedsOrIsCanceled: Law = ({ truth }) =>
  [...truth].flatMap(([id, { end }]) => {
    const status = statusOf(end);
    return status === 'succeeded' || status === 'canceled' ? [] : [`${id} ${status}: ${JSON.stringify(end?.data)}`];
  });

/** The Open Inference Protocol names the tensor that a row is of. */
const rowIn = ({ data: { input } }: RawEvent): Row =>
  Array.isArray(input) ? input : (Object.values(input as Body).flat() as Row);

const outputIn = (of: unknown): unknown => (of as Body | undefined)?.['y'];

export const resultsAreThoseOfTheModel: Law = ({ truth, outputOf }) =>
  [...truth].flatMap(([id, { request, end }]) => {
    if (end?.type !== 'PredictionSucceeded') return [];
    const wanted = outputOf(rowIn(request));
    const given = outputIn(end.data['output']);
    return given === wanted ? [] : [`${id}: the log has ${String(given)}, the model says ${wanted}`];
  });

const differenceOf = (body: Body | undefined, { request, end }: Truth): string | undefined => {
  if (!body) return 'is missing';
  const truth = { status: statusOf(end), output: outputIn(end?.data['output']), hash: request.data['requestHash'] };
  const view = { status: body['status'], output: outputIn(body['output']), hash: body['requestHash'] };
  const [is, must] = [JSON.stringify(view), JSON.stringify(truth)];
  return is === must ? undefined : `is ${is}, the log says ${must}`;
};

export const viewsEqualTheFold: Law = ({ truth, shown, listed }) => {
  const lines = new Map(listed.map((body) => [String(body['id']), body]));
  const wrong = [...truth].flatMap(([id, folded]) => {
    const { status, body } = shown.get(id) ?? {};
    const one = differenceOf(status === 200 ? body : undefined, folded);
    const line = differenceOf(lines.get(id), folded);
    return [one && `${id} ${one}`, line && `${id} in the list ${line}`].filter((text) => text !== undefined);
  });
  const unknown = [...lines.keys()].filter((id) => !truth.has(id)).map((id) => `${id} is listed, and not in the log`);
  if (listed.length !== lines.size) unknown.push(`the list has ${listed.length - lines.size} lines twice`);
  return [...wrong, ...unknown];
};

export const countsOf = (truth: ReadonlyMap<string, Truth>): Readonly<Record<string, number>> => {
  const all = [...truth.values()];
  const ended = (status: string) => all.filter(({ end }) => statusOf(end) === status).length;
  return {
    accepted: all.length,
    succeeded: ended('succeeded'),
    failed: ended('failed'),
    canceled: ended('canceled'),
    expired: ended('expired'),
    labeled: all.filter(({ labeled }) => labeled).length,
  };
};

export const statisticsEqualTheFold: Law = ({ truth, stats }) =>
  Object.entries(countsOf(truth)).flatMap(([name, count]) =>
    (stats[name] ?? 0) === count ? [] : [`${name}: the statistics have ${stats[name] ?? 0}, the log has ${count}`],
  );

/** What is in the log was asked for, and what was asked for once, without a key, is there once. */
export const nothingIsMadeUp: Law = ({ history, truth }) => {
  const sent = new Map<string, readonly Row[]>();
  for (const { ask } of history) {
    if ('id' in ask) continue;
    const rows = ask.kind === 'submit' ? [ask.input] : ask.inputs;
    if (ask.kind === 'infer') sent.set(ask.reference, rows);
    else for (const [at, row] of rows.entries()) sent.set(referenceOf(ask, at), [row]);
  }
  const seen = new Map<string, number>();
  const wrong: string[] = [];
  for (const [id, { request }] of truth) {
    const reference = String(request.data['referenceId']);
    const rows = sent.get(reference) ?? [];
    const count = (seen.get(reference) ?? 0) + 1;
    seen.set(reference, count);
    if (!rows.some((row) => row.join() === rowIn(request).join())) wrong.push(`${id} was never asked for`);
    else if (count > rows.length)
      wrong.push(`${reference} was asked for ${rows.length} times and is in the log ${count} times`);
  }
  return wrong;
};
