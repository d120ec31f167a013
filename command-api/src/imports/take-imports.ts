import { isKnown, type KnownPredictionDoc, Problem, problem, toProblem } from '@hindcast/adapters/http';
import { formatPosition, isEnded, keyOf, type NewRecord, sameLabel, TOPICS } from '@hindcast/domain';
import type { CommandContext } from '../command-ports.ts';
import { keyReused } from '../same-request.ts';
import type { TakeLines } from '../uploads/upload-answers.ts';
import { importRecords, labelIdOf, requestIdOf, type WantedEvents } from './import-records.ts';
import type { Import } from './import-request.ts';

type Status = 'imported' | 'labeled' | 'repeated';

interface Decided {
  readonly status: Status;
  readonly row: Import;
  readonly wanted: WantedEvents;
}

const nothing: WantedEvents = { request: false, result: false, label: false };

/**
 * Takes the rows of one upload: what is not in the log yet is appended, all events of a row in one piece and in their
 * order. Whatever comes twice, also at the same time, the fold settles by the ids of the events.
 */
export const createImportTaker = (context: CommandContext, source: string): TakeLines<Import> => {
  const { ports, tenant } = context;
  /** By id, what was taken in this upload and may not be in the view yet: at most a line each. */
  const taken = new Map<string, string>();

  const decide = async (row: Import): Promise<Decided> => {
    const doc = await ports.views.prediction(keyOf(tenant, row.id));
    const requestId = requestIdOf(context, row);
    const before = taken.get(row.id);
    if (before !== undefined && before !== requestId) throw keyReused();
    taken.set(row.id, requestId);
    if (doc && isKnown(doc)) return decideKnown(context, row, doc);
    if (before !== undefined) return { status: 'repeated', row, wanted: { ...nothing, label: true } };
    return { status: 'imported', row, wanted: { request: true, result: true, label: true } };
  };

  return async (lines) => {
    const decided = await Promise.all(lines.map(({ value }) => decide(value).catch(toProblem)));
    const records = await Promise.all(
      decided.map((one): Promise<NewRecord[]> | readonly NewRecord[] =>
        one instanceof Problem ? [] : importRecords(context, one.row, source, one.wanted),
      ),
    );
    const all = records.flat();
    const appended = all.length === 0 ? [] : await ports.log.append(TOPICS.predictions, all);
    let next = 0;
    return decided.map((one, at) => {
      if (one instanceof Problem) return one;
      const outcomes = appended.slice(next, next + (records[at]?.length ?? 0));
      next += outcomes.length;
      const refused = outcomes.find((outcome) => !outcome.ok);
      if (refused && !refused.ok) {
        taken.delete(one.row.id);
        return toProblem(refused.error);
      }
      const last = outcomes.at(-1);
      return {
        ...{ status: one.status, id: one.row.id },
        ...(last?.ok ? { position: formatPosition(last.position) } : undefined),
      };
    });
  };
};

/** What is missing of a row whose prediction is known: its end where an import broke off, or its label. */
const decideKnown = (context: CommandContext, row: Import, { state }: KnownPredictionDoc): Decided => {
  if (state.request.requestHash !== row.requestHash) throw keyReused();
  if (!isEnded(state)) return { status: 'imported', row, wanted: { ...nothing, result: true, label: true } };
  if (state.status !== 'succeeded') {
    throw problem('prediction-ended', `Its import broke off, and since then it has ${state.status}.`);
  }
  const { label } = row;
  const newest = state.labels.at(-1);
  const isNew =
    label !== undefined &&
    !(newest && sameLabel(newest, label)) &&
    !state.history.some(({ eventId }) => eventId === labelIdOf(context, state.request.eventId, label));
  return isNew
    ? { status: 'labeled', row, wanted: { ...nothing, label: true } }
    : { status: 'repeated', row, wanted: nothing };
};
