import { statusOf } from '../../scenarios/log-dump.ts';
import type { Law } from './evidence.ts';
import { acceptedRows, type Body, isAccepted, noAnswer, type Operation } from './history.ts';

const rankOf = (status: unknown): number => ({ queued: 0, running: 1 })[String(status)] ?? 2;

/** What an answer showed of a prediction: reads, and submissions that were answered with the whole result. */
const shownBy = ({ ask, status, body }: Operation): Body | undefined => {
  if (ask.kind === 'read' && status === 200) return body;
  return ask.kind === 'submit' && status === 201 ? body : undefined;
};

const byId = (history: readonly Operation[]): ReadonlyMap<string, readonly Operation[]> => {
  const groups = new Map<string, Operation[]>();
  for (const operation of history) {
    const id = shownBy(operation)?.['id'];
    if (typeof id === 'string') groups.set(id, [...(groups.get(id) ?? []), operation]);
  }
  return groups;
};

export const readsNeverMoveBack: Law = ({ history, shown }) =>
  [...byId(history)].flatMap(([id, reads]) => {
    const wrong: string[] = [];
    const ends = new Set(reads.map((read) => shownBy(read)).filter((body) => rankOf(body?.['status']) === 2));
    const texts = new Set([...ends, shown.get(id)?.body].map((body) => JSON.stringify(body)));
    if (ends.size > 0 && texts.size > 1) wrong.push(`${id} has ended as ${[...texts].join(' and as ')}`);
    for (const read of reads) {
      const seen = rankOf(shownBy(read)?.['status']);
      const before = reads.find(
        ({ until, ...one }) => until <= read.at && rankOf(shownBy({ until, ...one })?.['status']) > seen,
      );
      if (before) wrong.push(`${id} was ${shownBy(before)?.['status']}, and later ${shownBy(read)?.['status']}`);
    }
    return wrong;
  });

export const acceptedIsNeverUnknown: Law = ({ history }) => {
  const acceptedAt = new Map<string, number>();
  for (const operation of history) {
    for (const { id } of acceptedRows(operation)) {
      acceptedAt.set(id, Math.min(operation.until, acceptedAt.get(id) ?? Number.POSITIVE_INFINITY));
    }
  }
  return history.flatMap(({ ask, at, status }) =>
    'id' in ask && status === 404 && at > (acceptedAt.get(ask.id) ?? Number.POSITIVE_INFINITY)
      ? [`${ask.id} was accepted, and then unknown to a ${ask.kind}`]
      : [],
  );
};

export const cancelsAgreeWithTheLog: Law = ({ history, truth }) =>
  history.flatMap(({ ask, status, body }) => {
    if (ask.kind !== 'cancel') return [];
    const won = statusOf(truth.get(ask.id)?.end);
    const said = { 200: 'canceled', 409: 'not canceled' }[status];
    const wrong = (status === 200) !== (won === 'canceled') && said !== undefined;
    return wrong ? [`${ask.id} was called ${said} (${String(body['detail'])}), the log says ${won}`] : [];
  });

const usual: Readonly<Record<Operation['ask']['kind'], readonly number[]>> = {
  submit: [201, 202, 409, 422],
  batch: [202, 409, 422],
  infer: [200],
  read: [200],
  cancel: [200, 202, 409],
  label: [202],
};

/** 503 must say when to come again; a connection may end without an answer only while something is broken. */
export const everyAnswerIsExpected: Law = ({ history, troubles }) =>
  history.flatMap(({ ask, at, until, status, retryAfter, body }) => {
    if (usual[ask.kind].includes(status) || (status === 503 && retryAfter !== null)) return [];
    const during = troubles.filter((trouble) => at <= trouble.until && until >= trouble.from);
    if (during.length > 0 && (status === 502 || status === noAnswer)) return [];
    const when = during.length === 0 ? 'while nothing was broken' : `during ${during.map(({ fault }) => fault).join()}`;
    return [`${ask.kind} at ${Math.round(at)} ms: ${status} ${when}: ${JSON.stringify(body)}`];
  });

const outputIn = (body: Body): unknown => (body['output'] as Body | undefined)?.['y'];

/** An answer belongs to the row that it was asked with, whatever else was sent under the same key. */
export const answersAreOfTheirOwnRow: Law = ({ history, outputOf }) =>
  history.flatMap(({ ask, status, body }) => {
    if (ask.kind === 'infer' && status === 200) {
      const [tensor] = body['outputs'] as readonly { data: readonly number[] }[];
      const wanted = ask.inputs.map(outputOf);
      return JSON.stringify(tensor?.data) === JSON.stringify(wanted)
        ? []
        : [`infer answered ${tensor?.data}, not ${wanted}`];
    }
    if (ask.kind !== 'submit' || status !== 201 || outputIn(body) === undefined) return [];
    const wanted = outputOf(ask.input);
    return outputIn(body) === wanted ? [] : [`${body['id']} answered ${outputIn(body)}, not ${wanted}`];
  });

/** One key is one prediction, or one batch; an answer that accepts is of the body that won. */
export const oneKeyIsOneRequest: Law = ({ history, truth }) => {
  const byKey = new Map<string, Operation[]>();
  for (const operation of history) {
    const key = 'key' in operation.ask ? operation.ask.key : undefined;
    if (key !== undefined) byKey.set(key, [...(byKey.get(key) ?? []), operation]);
  }
  return [...byKey].flatMap(([key, operations]) => {
    const accepted = operations.filter(isAccepted).map((operation) => acceptedRows(operation).map(({ id }) => id));
    const [ids = [], ...others] = accepted;
    const other = others.find((one) => one.join() !== ids.join());
    if (other) return [`${key} is several requests: ${ids.join()} and ${other.join()}`];
    const winners = ids.map((id) => truth.get(id)?.request.data);
    return winners.length === 0 ? [] : operations.flatMap((operation) => ownAnswer(key, operation, winners));
  });
};

const ownAnswer = (key: string, operation: Operation, winners: readonly (Body | undefined)[]): string[] => {
  const { ask, status, body } = operation;
  if (ask.kind !== 'submit' && ask.kind !== 'batch') return [];
  const asked = ask.kind === 'submit' ? [ask.input] : ask.inputs;
  // Of a batch the log may have taken some rows only, and its answer says which.
  const rows = isAccepted(operation) ? acceptedRows(operation).map(({ input }) => input) : asked;
  const won = rows.join(';') === winners.map((winner) => String(winner?.['input'])).join(';');
  if (status === 422 && won) return [`${key} refused ${ask.reference}, which won`];
  if (status !== 201 && status !== 202) return [];
  if (!won) return [`${key} accepted ${ask.reference}, and another body won`];
  if (ask.kind === 'batch' || body['requestHash'] === winners[0]?.['requestHash']) return [];
  return [`${key} answered ${ask.reference} with another hash`];
};
