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
  /** By id: at most a line each. */
  const taken = new Map<string, Taken>();

  /** What is missing of a row: all of it, its end where an import broke off, or its label. */
  const decide = (row: Import, doc: PredictionDoc | undefined): Decided | Problem => {
    const state = doc && isKnown(doc) ? doc.state : undefined;
    const requestId = requestIdOf(context, row);
    const before = taken.get(row.id);
    if ((before && before.requestId !== requestId) || (state && state.request.requestHash !== row.requestHash))
      return keyReused();
    if (state && isEnded(state) && state.status !== 'succeeded')
      return problem('prediction-ended', `Its import broke off, and since then it has ${state.status}.`);
    const isThere = before !== undefined || (state !== undefined && isEnded(state));
    const labelId = newLabelId(row, requestId, state, before);
    const isNew = labelId !== undefined;
    const now: Taken = before ?? { requestId, labels: new Set() };
    taken.set(row.id, now);
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
    const decided = lines.map(({ value }, at) => {
      const doc = docs[at];
      return doc instanceof Problem ? doc : decide(value, doc);
    });
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
