import { Problem, problem, toProblem } from '@hindcast/adapters/http';
import {
  addressOf,
  canonicalJson,
  canWait,
  encode,
  formatPosition,
  type LabelEvent,
  labelIdText,
  labelOf,
  makeEvent,
  type NewRecord,
  type PredictionEvent,
  TOPICS,
} from '@hindcast/domain';
import { type CommandContext, eventSource } from '../command-ports.ts';
import { findLabeled, type Labeled } from './find-labeled.ts';
import type { LabelRequest } from './label-request.ts';
import { type LabelWarning, labelWarnings } from './label-warnings.ts';

export interface LabelLine {
  /** Counted from 1. */
  readonly line: number;
  readonly label: LabelRequest;
}

/** In the log: applied to predictions, or parked until there is one. */
export interface LabelTaken {
  readonly status: 'applied' | 'parked';
  readonly predictions: readonly string[];
  /** Of the last of its events. */
  readonly position: string;
  readonly warnings?: readonly LabelWarning[];
}
export type LabelOutcome = LabelTaken | Problem;

interface Accepted {
  readonly status: LabelTaken['status'];
  readonly ids: readonly string[];
  readonly records: NewRecord[];
  /** One that is parked at an address. */
  readonly waits?: Waiting;
}

interface Waiting {
  readonly address: string;
  readonly reportId: string;
  readonly label: LabelRequest;
}

/** By address and id. */
type Parked = Map<string, Map<string, LabelRequest>>;

const park = (at: Parked, { address, reportId, label }: Waiting): void => {
  const parked = at.get(address) ?? new Map<string, LabelRequest>();
  at.set(address, parked.set(reportId, label));
};

export interface LabelTaker {
  /** Appends at once what is given at once. In the order of the lines; a line that is refused is refused alone. */
  take(lines: readonly LabelLine[]): Promise<readonly LabelOutcome[]>;
}

/**
 * Takes the labels of one request. With a key the same line is the same label however often it comes: the ids of its
 * events are made of the key, the number of the line and what it says.
 */
export const createLabelTaker = (context: CommandContext, key: string | undefined): LabelTaker => {
  const { ports, tenant } = context;
  const { identity, log } = ports;
  /**
   * Those that are in the log: what follows a parked label of its address waits behind it, so that the last one said is
   * the last one applied. The view may not have them yet.
   */
  const parkedAt: Parked = new Map();

  const reportIdOf = ({ line, label }: LabelLine): string =>
    key === undefined
      ? identity.newId()
      : identity.idFromText(`${tenant}/${key}\nlabel ${line}\n${canonicalJson(label)}`);

  const labeled = (reportId: string, id: string, label: LabelRequest): NewRecord =>
    encode(
      makeEvent<PredictionEvent>({
        ...{ id: identity.idFromText(labelIdText(reportId, id)), source: eventSource, type: 'PredictionLabeled' },
        ...{ at: identity.now(), tenant, subject: id, correlationId: reportId, data: labelOf(label) },
      }),
    );

  const reported = (reportId: string, label: LabelRequest): NewRecord => {
    const { id: _, match: __, ...data } = label;
    return encode(
      makeEvent<LabelEvent>({
        ...{ id: reportId, source: eventSource, type: 'LabelReported', at: identity.now(), tenant },
        ...{ subject: addressOf(label), data },
      }),
    );
  };

  const recordsOf = (of: LabelLine, found: Labeled, underWay: Parked): Accepted | Problem => {
    const reportId = reportIdOf(of);
    const { label } = of;
    if (found.by === 'id') {
      const status = found.about.length > 0 ? 'applied' : 'parked';
      return { status, ids: [found.id], records: [labeled(reportId, found.id, label)] };
    }
    const address = addressOf(label);
    const waiting = new Map<string, Pick<LabelRequest, 'from' | 'to' | 'model'>>(parkedAt.get(address));
    for (const [eventId, before] of underWay.get(address) ?? []) waiting.set(eventId, before);
    for (const { eventId, report } of found.waiting) waiting.set(eventId, report);
    if (found.ids.length === 0 || waiting.size > 0) {
      if (!waiting.has(reportId) && !canWait([...waiting.values()], label))
        return problem('too-many-labels-waiting', `${waiting.size} labels wait for a prediction like this already.`);
      const waits = { address, reportId, label };
      park(underWay, waits);
      return { status: 'parked', ids: [], records: [reported(reportId, label)], waits };
    }
    return { status: 'applied', ids: found.ids, records: found.ids.map((id) => labeled(reportId, id, label)) };
  };

  return {
    async take(lines) {
      const found = await Promise.all(lines.map(({ label }) => findLabeled(context, label).catch(toProblem)));
      const underWay: Parked = new Map();
      const taken = found.map((one, at) => {
        const line = lines[at] as LabelLine;
        if (one instanceof Problem) return one;
        const accepted = recordsOf(line, one, underWay);
        if (accepted instanceof Problem) return accepted;
        return { ...accepted, warnings: labelWarnings(context, line.label.value, one.about) };
      });
      const records = taken.flatMap((one) => (one instanceof Problem ? [] : one.records));
      if (records.length === 0) return taken.filter((one) => one instanceof Problem);
      const appended = await log.append(TOPICS.predictions, records);
      let next = 0;
      return taken.map((one): LabelOutcome => {
        if (one instanceof Problem) return one;
        const outcomes = appended.slice(next, next + one.records.length);
        next += one.records.length;
        const refused = outcomes.find((outcome) => !outcome.ok);
        const last = outcomes.at(-1);
        if (refused && !refused.ok) return toProblem(refused.error);
        if (!last?.ok) return problem('log-unavailable', 'The log answered no outcome.');
        const { status, ids: predictions, warnings, waits } = one;
        if (waits) park(parkedAt, waits);
        const outcome = { status, predictions, position: formatPosition(last.position) };
        return warnings.length > 0 ? { ...outcome, warnings } : outcome;
      });
    },
  };
};
