import { decode } from '../event-codec.ts';
import { formatPosition, type RecordedRecord } from '../event-log.ts';
import { evolvePrediction, isEnded, type PredictionState, unknownPrediction } from '../evolve-prediction.ts';
import type { ArtifactStore, Sha256 } from '../ports.ts';
import type { PredictionEvent, PredictionRequested } from '../prediction-events.ts';
import { type Account, type AccountedFor, type IgnoredRecords, noneAccounted } from './accounted-for.ts';
import type { DatasetCandidate } from './dataset-candidate.ts';
import { openedDepth, type PlannedColumn, planColumns, type SeenLeaves } from './dataset-columns.ts';
import type { DatasetPlan } from './dataset-cut.ts';
import type { LabelCoverage } from './dataset-manifest.ts';
import type { DatasetSpec } from './dataset-spec.ts';
import { inSample, splitOf } from './group-hash.ts';
import { inlinePayload } from './inline-payload.ts';
import { inputLeavesOf, kindOf, type Leaf, leavesOf, outputKindOf } from './json-leaves.ts';
import { chooseLabel, type LabelChoice, type RecordedLabel } from './label-choice.ts';
import { type Cell, cellOf } from './row-cells.ts';
import { knownAt, madeAt } from './row-times.ts';
import { type VersionRules, withNamedInput } from './version-rules.ts';

export interface FoldedDataset {
  readonly cutAt: number;
  readonly columns: readonly PlannedColumn[];
  readonly rows: readonly { readonly split: string; readonly cells: Readonly<Record<string, Cell>> }[];
  readonly accountedFor: AccountedFor;
  readonly ignored: IgnoredRecords;
  readonly labelCoverage: LabelCoverage;
}

interface Stream {
  state: PredictionState;
  request?: {
    readonly event: PredictionRequested;
    readonly partition: number;
    readonly offset: number;
    readonly at: number;
  };
  readonly labels: Omit<RecordedLabel, 'knownAt'>[];
  /** Ids of all its events: a state forgets those of ignored ones beyond `ignoredMax`, and a cut need not. */
  readonly ids: Set<string>;
}

/**
 * What a data set holds, by the fold that judges everything else: the measure of every extractor, and an extractor where
 * all fits into memory. Records come partition after partition, each in the order of its offsets.
 */
export const foldDataset = async (
  records: AsyncIterable<readonly RecordedRecord[]>,
  { spec, cut }: Pick<DatasetPlan, 'spec' | 'cut'>,
  {
    artifacts,
    sha256,
    redactionKey,
    versions = [],
  }: {
    readonly artifacts: Pick<ArtifactStore, 'get'>;
    readonly sha256: Sha256;
    readonly redactionKey?: string | undefined;
    readonly versions?: readonly VersionRules[];
  },
): Promise<FoldedDataset> => {
  const streams = new Map<string, Stream>();
  const accountedFor = noneAccounted();
  const ignored: IgnoredRecords = { repeatedRequests: 0, undecodableRecords: 0 };
  const labelCoverage: LabelCoverage = { succeeded: 0, labelled: 0, assumed: 0 };
  let cutAt = 0;
  const count = (account: Account): void => {
    accountedFor.requests += 1;
    accountedFor[account] += 1;
  };

  for await (const page of records) {
    for (const record of page) {
      cutAt = Math.max(cutAt, record.appendedAt);
      const decoded = decode(record);
      if (decoded.ok) {
        if (decoded.event.type.startsWith('Prediction')) {
          const whole = (await inlinePayload(decoded.event, artifacts)) as PredictionEvent;
          const event = whole.type === 'PredictionRequested' ? withNamedInput(whole, versions) : whole;
          if (!take(streams, record, event)) ignored.repeatedRequests += 1;
        }
      } else if (record.headers['type'] === 'PredictionRequested') {
        count('undecodable');
      } else ignored.undecodableRecords += 1;
    }
  }

  const chosen: DatasetCandidate[] = [];
  for (const { request, state, labels } of streams.values()) {
    if (!request) continue;
    const { event, partition, offset, at: acceptedAt } = request;
    const made = madeAt(event, acceptedAt);
    const grouped = { predictionId: event.subject, entity: event.data.entity, madeAt: made };
    const known = labels.map((told) => ({ ...told, knownAt: knownAt(event, told) }));
    const label = chooseLabel(known, spec.labels, made, cutAt);
    const account = accountOf(spec, event, made, state, label, inSample(spec, grouped, sha256));
    count(account);
    if (account === 'rows' || account === 'unlabelled') {
      labelCoverage.succeeded += 1;
      if (label.kind === 'label') labelCoverage.labelled += 1;
      if (label.kind === 'assumed') labelCoverage.assumed += 1;
    }
    if (account !== 'rows') continue;
    const position = formatPosition({ epoch: cut.epoch, partition, offset });
    chosen.push({
      request: event,
      partition,
      position,
      acceptedAt,
      state,
      label,
      split: splitOf(spec, grouped, sha256),
    });
  }
  const place = ({ position, partition }: DatasetCandidate) => [partition, Number(position.split(':')[2])] as const;
  chosen.sort((a, b) => place(a)[0] - place(b)[0] || place(a)[1] - place(b)[1]);

  const columns = planColumns(chosen.length === 0 ? { ...spec, redact: [] } : spec, seenIn(chosen), versions);
  const rows = chosen.map((row) => ({
    split: row.split,
    cells: Object.fromEntries(columns.map((column) => [column.name, cellOf(column, row, { sha256, redactionKey })])),
  }));
  return { cutAt, columns, rows, accountedFor, ignored, labelCoverage };
};

/** false: a request that changed nothing. */
const take = (streams: Map<string, Stream>, record: RecordedRecord, event: PredictionEvent): boolean => {
  const { appendedAt, offset, partition } = record;
  const key = `${partition}/${record.key}`;
  const stream = streams.get(key) ?? { state: unknownPrediction, labels: [], ids: new Set<string>() };
  streams.set(key, stream);
  if (stream.ids.has(event.id)) return event.type !== 'PredictionRequested';
  stream.ids.add(event.id);
  const { state, verdict } = evolvePrediction(stream.state, { event, offset, appendedAt });
  stream.state = state;
  const accepted = verdict === 'accepted';
  if (event.type === 'PredictionRequested') {
    if (accepted) stream.request = { event, partition, offset, at: appendedAt };
    return accepted;
  }
  if (event.type !== 'PredictionLabeled' || !accepted) return true;
  const newest = stream.labels.at(-1);
  const { value, occurredAt, source, weight } = event.data;
  const same =
    newest?.value === value && newest.occurredAt === occurredAt && newest.source === source && newest.weight === weight;
  if (!newest || !same) stream.labels.push({ ...event.data, at: appendedAt, revision: stream.labels.length + 1 });
  return true;
};

const accountOf = (
  spec: DatasetSpec,
  { tenant, data }: PredictionRequested,
  made: number,
  state: PredictionState,
  label: LabelChoice,
  sampled: boolean,
): Account => {
  const { model, versions, roles, since, until, labels } = spec;
  const wanted =
    sampled &&
    tenant === spec.tenant &&
    data.model === model &&
    (versions?.includes(data.version) ?? true) &&
    (roles?.includes(data.role) ?? true) &&
    (since === undefined || made >= since) &&
    (until === undefined || made < until);
  if (!wanted) return 'filtered';
  if (!isEnded(state)) return 'unfinished';
  if (state.status !== 'succeeded') return state.status;
  if (isSealed(data.input)) return 'redacted';
  return label.kind === 'none' && labels.absent !== 'keep' ? 'unlabelled' : 'rows';
};

/** `{"$enc": …}`: readable for nobody who has not its key. */
const isSealed = (input: unknown): boolean =>
  typeof input === 'object' && input !== null && !Array.isArray(input) && (input as { $enc?: unknown }).$enc != null;

const seenIn = (rows: readonly DatasetCandidate[]): SeenLeaves => {
  const leaves = (value: unknown, depth: number, kind: typeof kindOf): readonly Leaf[] =>
    value === undefined ? [] : leavesOf(value, depth, kind);
  return {
    input: rows.flatMap(({ request: { data } }) =>
      data.input === undefined ? [] : inputLeavesOf(data.input, openedDepth.input),
    ),
    context: rows.flatMap(({ request }) => leaves(request.data.context, openedDepth.context, kindOf)),
    output: rows.flatMap(({ state }) =>
      leaves(isEnded(state) ? state.output : undefined, openedDepth.output, outputKindOf),
    ),
    label: rows.map(({ label }) =>
      label.kind === 'none' ? 'null' : kindOf(label.kind === 'label' ? label.label.value : label.value),
    ),
    versions: rows.flatMap(({ request: { data } }) => (data.role === 'imported' ? [] : [data.version])),
  };
};
