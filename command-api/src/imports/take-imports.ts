import { isKnown, type KnownPredictionDoc, Problem, problem, toProblem } from '@hindcast/adapters/http';
import {
  formatPosition,
  isEnded,
  keyOf,
  type NewRecord,
  type PredictionDoc,
  sameLabel,
  TOPICS,
} from '@hindcast/domain';
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

/** What was taken of a prediction in this upload, and may not be in the view yet. */
interface Taken {
  readonly requestId: string;
  /** Ids of its labels. */
  readonly labels: Set<string>;
  newest?: Import['label'];
}

/**
 * Takes the rows of one upload: what is not in the log yet is appended, all events of a row in one piece and in their
 * order. Whatever comes twice, also at the same time, the fold settles by the ids of the events.
 */
export const createImportTaker = (context: CommandContext, source: string): TakeLines<Import> => {
  const { ports, tenant } = context;
  /** By id, of rows that are in the log: at most a line each. */
  const taken = new Map<string, Taken>();

  /** What is missing of a row: all of it, its end where an import broke off, or its label. */
  const decide = (row: Import, doc: PredictionDoc | undefined, underWay: Map<string, Taken>): Decided | Problem => {
    const state = doc && isKnown(doc) ? doc.state : undefined;
    const requestId = requestIdOf(context, row);
    const known = taken.get(row.id);
    const before = underWay.get(row.id) ?? (known && { ...known, labels: new Set(known.labels) });
    if ((before && before.requestId !== requestId) || (state && state.request.requestHash !== row.requestHash))
      return keyReused();
    if (state && isEnded(state) && state.status !== 'succeeded')
      return problem('prediction-ended', `Its import broke off, and since then it has ${state.status}.`);
    const isThere = before !== undefined || (state !== undefined && isEnded(state));
    const labelId = newLabelId(row, requestId, state, before);
    const isNew = labelId !== undefined;
    const now: Taken = before ?? { requestId, labels: new Set() };
    underWay.set(row.id, now);
    if (isNew) {
      now.labels.add(labelId);
      now.newest = row.label;
    }
    const status = isThere ? (isNew ? 'labeled' : 'repeated') : 'imported';
    return { status, row, wanted: { request: !before && !state, result: !isThere, label: isNew } };
  };

  /** undefined where the row has no label, or one that was said already. */
  const newLabelId = (
    { label }: Import,
    requestId: string,
    state: KnownPredictionDoc['state'] | undefined,
    before: Taken | undefined,
  ): string | undefined => {
    if (!label) return undefined;
    const newest = before?.newest ?? state?.labels.at(-1);
    const id = labelIdOf(context, requestId, label);
    const isSaid =
      (newest && sameLabel(newest, label)) ||
      before?.labels.has(id) ||
      state?.history.some(({ eventId }) => eventId === id);
    return isSaid ? undefined : id;
  };

  return async (lines) => {
    const docs = await Promise.all(
      lines.map(({ value }) => ports.views.prediction(keyOf(tenant, value.id)).catch(toProblem)),
    );
    // One after the other, as each row is judged by those before it.
    const underWay = new Map<string, Taken>();
    const decided = lines.map(({ value }, at) => {
      const doc = docs[at];
      return doc instanceof Problem ? doc : decide(value, doc, underWay);
    });
    const records = await Promise.all(
      decided.map((one): Promise<NewRecord[]> | readonly NewRecord[] =>
        one instanceof Problem ? [] : importRecords(context, one.row, source, one.wanted),
      ),
    );
    const all = records.flat();
    const appended = all.length === 0 ? [] : await ports.log.append(TOPICS.predictions, all);
    let next = 0;
    const refused = new Map<string, Problem>();
    const told = decided.map((one, at) => {
      if (one instanceof Problem) return one;
      const { id } = one.row;
      const outcomes = appended.slice(next, next + (records[at]?.length ?? 0));
      next += outcomes.length;
      const failed = outcomes.find((outcome) => !outcome.ok);
      if (failed && !failed.ok) refused.set(id, toProblem(failed.error));
      // Also where a row before it was refused: what this one left out may not be in the log.
      const refusal = refused.get(id);
      if (refusal) return refusal;
      const last = outcomes.at(-1);
      return { status: one.status, id, ...(last?.ok ? { position: formatPosition(last.position) } : undefined) };
    });
    for (const [id, now] of underWay) if (!refused.has(id)) taken.set(id, now);
    return told;
  };
};
