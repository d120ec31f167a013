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
    history.push({
      type: packed[i],
      eventId: packed[i + 1],
      offset: packed[i + 2],
      at: packed[i + 3],
      verdict: packed[i + 4],
    } as HistoryEntry);
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

/** A place without a value is a member that is there and undefined, as it is when the fold makes the state. */
const valueAt = (packed: readonly unknown[], place: number): unknown => packed[place] ?? undefined;

// Literals and places: the same by spreads and patterns took twice the time, of lists and of a rebuild that finds other rows.
const provenanceOf = (packed: readonly unknown[]): Provenance =>
  ({
    sha256: packed[0],
    runtime: packed[1],
    threads: packed[2],
    batchSize: packed[3],
    batchIndex: packed[4],
    inputHash: packed[5],
    outputHash: packed[6],
  }) as Provenance;

/** Columns that the body does not repeat. Texts of clients are no such: SQLite ends what it answers at a NUL. */
const requestColumns = ['requested_at', 'model', 'version', 'batch_id'] as const;
const fixedColumns = ['key', 'tenant', 'epoch', 'partition', 'pos', 'status', 'body'] as const;
const columnsAt = fixedColumns.length;

const requestOf = (packed: readonly unknown[], row: readonly unknown[]): Request =>
  ({
    eventId: packed[1],
    requestHash: packed[2],
    model: row[columnsAt + 1],
    version: row[columnsAt + 2],
    sha256: packed[3],
    pool: packed[4],
    role: packed[5],
    priority: packed[6],
    deadlineMs: packed[7],
    entity: valueAt(packed, 9),
    referenceId: valueAt(packed, 10),
    eventTime: valueAt(packed, 11),
    batchId: valueAt(row, columnsAt + 3),
    batchIndex: valueAt(packed, 12),
    batchHash: valueAt(packed, 13),
    batchItems: valueAt(packed, 14),
    imported: valueAt(packed, 15),
    traceparent: valueAt(packed, 16),
    offset: packed[8],
    at: row[columnsAt],
  }) as Request;

const stateOf = (status: string, [seen, , requested, ended]: StatusBody, row: readonly unknown[]): PredictionState => {
  const [ignored, labels, packed] = seen as [number, readonly LabelEntry[], readonly unknown[]];
  const history = historyOf(packed);
  if (!requested) return { status, history, ignored, labels } as UnknownPrediction;
  const attempts = requested[0];
  const request = requestOf(requested, row);
  if (!ended) return { status, history, ignored, labels, attempts, request } as PredictionState;
  const output = ended[1] as [unknown] | null;
  const provenance = ended[6] as unknown[] | null;
  return {
    status,
    history,
    ignored,
    labels,
    attempts,
    request,
    endedAt: ended[0],
    output: output ? output[0] : undefined,
    outputRef: valueAt(ended, 2),
    error: valueAt(ended, 3),
    queuedMs: valueAt(ended, 4),
    inferenceMs: valueAt(ended, 5),
    provenance: provenance ? provenanceOf(provenance) : undefined,
  } as unknown as PredictionState;
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
  read: [...fixedColumns, ...requestColumns],
  docOf: (row) => {
    type Fixed = [string, string, number, number, number, string, string];
    const [key, tenant, epoch, partition, pos, status, text] = row as unknown as Fixed;
    const body: StatusBody = JSON.parse(text);
    const [, parked] = body;
    const id = key.slice(tenant.length + 1);
    const doc = { key, tenant, id, epoch, partition, pos, state: stateOf(status, body, row) };
    return parked ? { ...doc, parked } : doc;
  },
});
