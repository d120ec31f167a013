import {
  addressesOf,
  type EventLog,
  encode,
  type IdFromText,
  isAbout,
  keyOf,
  type LabelEvent,
  type LabelReport,
  type LabelsDoc,
  labelIdText,
  labelOf,
  makeEvent,
  matchIdText,
  type NewRecord,
  type PredictionDoc,
  type PredictionEvent,
  type PredictionQuery,
  TOPICS,
  type ViewReader,
  type ViewStore,
  type WaitingLabel,
} from '@hindcast/domain';

const source = '/hindcast/projector';
/** Predictions of one entity that are looked at for a label that came first; later ones find it themselves. */
const lookedAtMax = 1_000;
const pageMax = 200;

export interface MatchPorts {
  readonly log: Pick<EventLog, 'append'>;
  readonly idFromText: IdFromText;
  readonly reader: Pick<ViewReader, 'predictions'>;
  readonly labels: Pick<ViewStore<LabelsDoc>, 'load'>;
  readonly now: () => number;
}

/** What a part of the log has changed, once it is in the views. */
export interface Folded {
  readonly from: number;
  readonly to: number;
  readonly predictions: readonly PredictionDoc[];
  readonly labels: readonly LabelsDoc[];
}

export type MatchLabels = (folded: Folded) => Promise<void>;

/**
 * Brings labels and the predictions that they were too early for together. Whoever folds a request looks for waiting
 * labels, and whoever folds a report looks for predictions; each looks after its own document can be read, so that of two
 * that miss each other one does not. A find is an event of the address, whose fold takes the first; the label itself
 * follows from that fold. Ids of events are made of what they say: made twice, they count once.
 */
export const createLabelMatcher = ({ log, idFromText, reader, labels, now }: MatchPorts): MatchLabels => {
  const matchOf = (tenant: string, address: string, { eventId }: WaitingLabel, predictionId: string): NewRecord =>
    encode(
      makeEvent<LabelEvent>({
        ...{ id: idFromText(matchIdText(eventId, predictionId)), source, type: 'LabelMatched', at: now(), tenant },
        ...{ subject: address, causationId: eventId, data: { report: eventId, predictionId } },
      }),
    );

  /** Requests of this part for which labels wait. */
  const ofRequests = async ({ predictions, from, to }: Folded): Promise<readonly NewRecord[]> => {
    const asked = new Map<string, PredictionDoc[]>();
    for (const doc of predictions) {
      const { state, tenant } = doc;
      if (state.status === 'unknown' || state.request.offset < from || state.request.offset > to) continue;
      for (const address of addressesOf(state.request)) {
        const key = keyOf(tenant, address);
        const docs = asked.get(key);
        if (docs) docs.push(doc);
        else asked.set(key, [doc]);
      }
    }
    if (asked.size === 0) return [];
    const records: NewRecord[] = [];
    for (const [key, { tenant, address, state }] of await labels.load([...asked.keys()])) {
      for (const label of state.waiting) {
        const found = asked.get(key)?.find((doc) => isAboutDoc(label.report, doc));
        if (found) records.push(matchOf(tenant, address, label, found.id));
      }
    }
    return records;
  };

  /** Reports of this part whose prediction is known after all. */
  const ofReports = async ({ labels: docs, from, to }: Folded): Promise<readonly NewRecord[]> => {
    const records: NewRecord[] = [];
    for (const { tenant, address, state } of docs) {
      const fresh = state.waiting.filter(({ offset }) => offset >= from && offset <= to);
      for (const label of fresh) {
        const found = await newestOf(tenant, label.report);
        if (found) records.push(matchOf(tenant, address, label, found.id));
      }
    }
    return records;
  };

  const newestOf = async (tenant: string, report: LabelReport): Promise<PredictionDoc | undefined> => {
    const { referenceId, entity, model } = report;
    const named = {
      tenant,
      limit: pageMax,
      ...(referenceId === undefined ? undefined : { referenceId }),
      ...(entity === undefined ? undefined : { entity }),
      ...(model === undefined ? undefined : { model }),
    };
    let before: PredictionQuery['before'];
    for (let looked = 0; looked < lookedAtMax; looked += pageMax) {
      const page = await reader.predictions({ ...named, ...(before && { before }) });
      const found = page.find((doc) => isAboutDoc(report, doc));
      const last = page.at(-1);
      if (found || !last || page.length < pageMax || last.state.status === 'unknown') return found;
      before = { at: last.state.request.at, id: last.id };
    }
    return undefined;
  };

  const ofMatches = ({ labels: docs, from, to }: Folded): readonly NewRecord[] =>
    docs.flatMap(({ tenant, state }) =>
      state.matched
        .filter(({ matchedAt }) => matchedAt >= from && matchedAt <= to)
        .map(({ eventId, predictionId, report }) =>
          encode(
            makeEvent<PredictionEvent>({
              ...{ id: idFromText(labelIdText(eventId, predictionId)), source, type: 'PredictionLabeled', at: now() },
              ...{ tenant, subject: predictionId, correlationId: eventId, data: labelOf(report) },
            }),
          ),
        ),
    );

  return async (folded) => {
    const [requests, reports] = await Promise.all([ofRequests(folded), ofReports(folded)]);
    const records = [...requests, ...reports, ...ofMatches(folded)];
    if (records.length === 0) return;
    for (const outcome of await log.append(TOPICS.predictions, records)) if (!outcome.ok) throw outcome.error;
  };
};

const isAboutDoc = (report: LabelReport, { state }: PredictionDoc): boolean =>
  state.status !== 'unknown' && isAbout(report, state.request);
