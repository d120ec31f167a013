import type {
  LabelsDoc,
  ModelDoc,
  Parked,
  PredictionDoc,
  PredictionQualityDoc,
  PredictionState,
  PredictionStatsDoc,
} from '@hindcast/domain';
import { labelsTable, modelsTable, qualityTable, statsTable, statusTable } from './view-schema.ts';

/** How the documents of one view become rows: `key`, `pos` and these columns besides. */
export interface ViewRows<Doc> {
  readonly table: string;
  readonly columns: readonly string[];
  valuesOf(doc: Doc): readonly (string | number | null)[];
  /**
   * Columns that every write changes. The others keep their value from the moment on when the last of them, `settledBy`,
   * has one: an update that does not name them leaves their indexes alone, which are most of its cost.
   */
  readonly changing: readonly string[];
  readonly settledBy: string;
  /** Columns that `docOf` reads, in its order. */
  readonly read: readonly string[];
  docOf(row: readonly unknown[]): Doc;
}

interface StatusBody {
  readonly state: PredictionState;
  readonly parked?: Parked;
}

export const statusRows = (generation: number): ViewRows<PredictionDoc> => ({
  table: statusTable(generation),
  columns: [
    'tenant',
    'epoch',
    'partition',
    'status',
    'requested_at',
    'model',
    'version',
    'entity',
    'reference_id',
    'batch_id',
    'body',
  ],
  changing: ['status', 'body'],
  settledBy: 'requested_at',
  valuesOf: ({ tenant, epoch, partition, state, parked }) => {
    const body: StatusBody = parked ? { state, parked } : { state };
    const request = state.status === 'unknown' ? undefined : state.request;
    return [
      tenant,
      epoch,
      partition,
      state.status,
      request?.at ?? null,
      request?.model ?? null,
      request?.version ?? null,
      request?.entity ?? null,
      request?.referenceId ?? null,
      request?.batchId ?? null,
      JSON.stringify(body),
    ];
  },
  read: ['key', 'tenant', 'epoch', 'partition', 'pos', 'body'],
  docOf: (row) => {
    const [key, tenant, epoch, partition, pos, body] = row as [string, string, number, number, number, string];
    const id = key.slice(tenant.length + 1);
    return { key, tenant, id, epoch, partition, pos, ...(JSON.parse(body) as StatusBody) };
  },
});

const wholeDoc = <Doc>(row: readonly unknown[]): Doc => JSON.parse(row[0] as string) as Doc;

export const statsRows = (generation: number): ViewRows<PredictionStatsDoc> => ({
  table: statsTable(generation),
  columns: ['tenant', 'hour', 'body'],
  changing: ['body'],
  settledBy: 'hour',
  valuesOf: (doc) => [doc.tenant, doc.hour, JSON.stringify(doc)],
  read: ['body'],
  docOf: wholeDoc,
});

export const qualityRows = (generation: number): ViewRows<PredictionQualityDoc> => ({
  table: qualityTable(generation),
  columns: ['tenant', 'model', 'hour', 'body'],
  changing: ['body'],
  settledBy: 'hour',
  valuesOf: (doc) => [doc.tenant, doc.model, doc.hour, JSON.stringify(doc)],
  read: ['body'],
  docOf: wholeDoc,
});

export const labelsRows = (generation: number): ViewRows<LabelsDoc> => ({
  table: labelsTable(generation),
  columns: ['tenant', 'waiting', 'body'],
  changing: ['waiting', 'body'],
  settledBy: 'tenant',
  valuesOf: (doc) => [doc.tenant, doc.state.waiting.length, JSON.stringify(doc)],
  read: ['body'],
  docOf: wholeDoc,
});

export const modelRows = (generation: number): ViewRows<ModelDoc> => ({
  table: modelsTable(generation),
  columns: ['tenant', 'body'],
  changing: ['body'],
  settledBy: 'tenant',
  valuesOf: (doc) => [doc.tenant, JSON.stringify(doc)],
  read: ['body'],
  docOf: wholeDoc,
});
