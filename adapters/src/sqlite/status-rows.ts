import type {
  EndedPrediction,
  HistoryEntry,
  LabelEntry,
  Parked,
  PredictionDoc,
  PredictionState,
  Provenance,
  UnknownPrediction,
} from '@hindcast/domain';
import type { ViewRows } from './view-rows.ts';
import { statusTable } from './view-schema.ts';

type Request = Exclude<PredictionState, UnknownPrediction>['request'];

/**
 * What the columns do not say of a prediction, by place instead of by name: names were half of it. A place that
 * has no value is null, for which no member but `output` has a use of its own. Another order needs another `schemaVersion`.
 */
type StatusBody = readonly [seen: unknown[], parked: Parked | null, request?: unknown[], ended?: unknown[]];

const packHistory = (history: readonly HistoryEntry[]): unknown[] => {
  const packed: unknown[] = [];
  for (const { type, eventId, offset, at, verdict } of history) packed.push(type, eventId, offset, at, verdict);
  return packed;
};

const historyOf = (packed: readonly unknown[]): HistoryEntry[] => {
  const history: HistoryEntry[] = [];
  for (let i = 0; i < packed.length; i += 5) {
    const [type, eventId, offset, at, verdict] = packed.slice(i, i + 5);
    history.push({ type, eventId, offset, at, verdict } as HistoryEntry);
  }
  return history;
};

const packRequest = (request: Request, attempts: number): unknown[] => [
  attempts,
  request.eventId,
  request.requestHash,
  request.sha256,
  request.pool,
  request.role,
  request.priority,
  request.deadlineMs,
  request.offset,
  request.entity,
  request.referenceId,
  request.eventTime,
  request.batchIndex,
  request.batchHash,
  request.batchItems,
  request.imported,
  request.traceparent,
];

const packEnded = ({ endedAt, output, outputRef, error, queuedMs, inferenceMs, provenance }: EndedPrediction) => [
  endedAt,
  output === undefined ? null : [output],
  outputRef,
  error,
  queuedMs,
  inferenceMs,
  provenance && [
    provenance.sha256,
    provenance.runtime,
    provenance.threads,
    provenance.batchSize,
    provenance.batchIndex,
    provenance.inputHash,
    provenance.outputHash,
  ],
];

const bodyOf = ({ state, parked: parking }: PredictionDoc): StatusBody => {
  const parked = parking ?? null;
  const seen = [state.ignored, state.labels, packHistory(state.history)];
  if (state.status === 'unknown') return [seen, parked];
  const request = packRequest(state.request, state.attempts);
  return 'endedAt' in state ? [seen, parked, request, packEnded(state)] : [seen, parked, request];
};

const withoutNulls = (packed: readonly unknown[]): unknown[] => packed.map((value) => value ?? undefined);

const provenanceOf = (packed: unknown): Provenance | undefined => {
  if (!packed) return undefined;
  const [sha256, runtime, threads, batchSize, batchIndex, inputHash, outputHash] = packed as unknown[];
  return { sha256, runtime, threads, batchSize, batchIndex, inputHash, outputHash } as Provenance;
};

const endOf = (packed: readonly unknown[]) => {
  const [endedAt, output, outputRef, error, queuedMs, inferenceMs, provenance] = withoutNulls(packed);
  const value = (output as [unknown] | undefined)?.[0];
  return { endedAt, output: value, outputRef, error, queuedMs, inferenceMs, provenance: provenanceOf(provenance) };
};

/** Columns that the body does not repeat. Texts of clients are no such: SQLite ends what it answers at a NUL. */
const requestColumns = ['requested_at', 'model', 'version', 'batch_id'] as const;

const requestOf = (packed: readonly unknown[], columns: readonly unknown[]) => {
  const [at, model, version, batchId] = withoutNulls(columns);
  const [eventId, requestHash, sha256, pool, role, priority, deadlineMs, offset, ...optional] = withoutNulls(packed);
  const [entity, referenceId, eventTime, batchIndex, batchHash, batchItems, imported, traceparent] = optional;
  const route = { eventId, requestHash, model, version, sha256, pool, role, priority, deadlineMs };
  const batch = { batchId, batchIndex, batchHash, batchItems };
  return { ...route, entity, referenceId, eventTime, ...batch, imported, traceparent, offset, at };
};

/** Members that have no value are there as undefined, as they are when the fold makes the state. */
const stateOf = (
  status: string,
  [seen, , request, ended]: StatusBody,
  columns: readonly unknown[],
): PredictionState => {
  const [ignored, labels, history] = seen as [number, readonly LabelEntry[], readonly unknown[]];
  const known = { status, history: historyOf(history), ignored, labels };
  if (!request) return known as UnknownPrediction;
  const [attempts, ...packed] = request;
  const open = { ...known, attempts, request: requestOf(packed, columns) };
  return (ended ? { ...open, ...endOf(ended) } : open) as PredictionState;
};

export const statusRows = (generation: number): ViewRows<PredictionDoc> => ({
  table: statusTable(generation),
  columns: ['tenant', 'epoch', 'partition', 'status', ...requestColumns, 'entity', 'reference_id', 'body'],
  changing: ['status', 'body'],
  settledBy: 'requested_at',
  valuesOf: (doc) => {
    const { tenant, epoch, partition, state } = doc;
    const request = state.status === 'unknown' ? undefined : state.request;
    return [
      tenant,
      epoch,
      partition,
      state.status,
      request?.at ?? null,
      request?.model ?? null,
      request?.version ?? null,
      request?.batchId ?? null,
      request?.entity ?? null,
      request?.referenceId ?? null,
      JSON.stringify(bodyOf(doc)),
    ];
  },
  read: ['key', 'tenant', 'epoch', 'partition', 'pos', 'status', 'body', ...requestColumns],
  docOf: (row) => {
    type Fixed = [string, string, number, number, number, string, string];
    const [key, tenant, epoch, partition, pos, status, text] = row as unknown as Fixed;
    const body: StatusBody = JSON.parse(text);
    const [, parked] = body;
    const id = key.slice(tenant.length + 1);
    const doc = { key, tenant, id, epoch, partition, pos, state: stateOf(status, body, row.slice(7)) };
    return parked ? { ...doc, parked } : doc;
  },
});
