import {
  type LabelsDoc,
  type ModelDoc,
  type Parked,
  type PredictionDoc,
  type PredictionQualityDoc,
  type PredictionState,
  type PredictionStatsDoc,
  qualityViewName,
} from '@hindcast/domain';
import type { IndexDescription, ObjectId } from 'mongodb';

/** A document as the store has it: what it is found by in fields, and everything else as JSON text in `body`. */
export interface StoredDoc {
  readonly _id: string;
  readonly pos: number;
  /** The call of `save` that wrote it. */
  readonly savedBy: ObjectId;
  readonly body: string;
  readonly [field: string]: unknown;
}

/**
 * How the documents of one view are stored. The body is text and no BSON, because it holds what users send: field names
 * with dots and dollars, nesting of any depth, and numbers that come back as they were.
 */
export interface ViewForm<Doc> {
  readonly collection: string;
  readonly indexes: readonly IndexDescription[];
  /** Everything but `_id`, `pos` and `savedBy`. A field that has no value is left out: partial indexes pass over it. */
  fieldsOf(doc: Doc): { readonly body: string; readonly [field: string]: unknown };
  docOf(stored: StoredDoc): Doc;
}

interface StatusBody {
  readonly state: PredictionState;
  readonly parked?: Parked;
}

/** Every index of the status view ends in this, so that the newest come without sorting. */
const newestFirst = { requestedAt: -1, _id: -1 } as const;
const having = (field: string) => ({ [field]: { $exists: true } });
const notSucceeded = { status: { $in: ['queued', 'running', 'failed', 'canceled', 'expired'] } };

export const statusForm = (generation: number): ViewForm<PredictionDoc> => ({
  collection: `prediction_status_v${generation}`,
  indexes: [
    { name: 'time', key: { tenant: 1, ...newestFirst }, partialFilterExpression: having('requestedAt') },
    { name: 'model', key: { tenant: 1, model: 1, ...newestFirst }, partialFilterExpression: having('model') },
    { name: 'status', key: { tenant: 1, status: 1, ...newestFirst }, partialFilterExpression: notSucceeded },
    { name: 'entity', key: { tenant: 1, entity: 1, ...newestFirst }, partialFilterExpression: having('entity') },
    {
      name: 'reference',
      key: { tenant: 1, referenceId: 1, ...newestFirst },
      partialFilterExpression: having('referenceId'),
    },
    { name: 'batch', key: { tenant: 1, batchId: 1, ...newestFirst }, partialFilterExpression: having('batchId') },
    { name: 'unrequested', key: { tenant: 1, _id: 1 }, partialFilterExpression: { status: 'unknown' } },
  ],
  fieldsOf({ tenant, epoch, partition, state, parked }) {
    const content: StatusBody = parked ? { state, parked } : { state };
    const body = JSON.stringify(content);
    const place = { tenant, epoch, partition, status: state.status, body };
    if (state.status === 'unknown') return place;
    const { at: requestedAt, model, version, entity, referenceId, batchId } = state.request;
    return {
      ...place,
      requestedAt,
      model,
      version,
      ...(entity !== undefined && { entity }),
      ...(referenceId !== undefined && { referenceId }),
      ...(batchId !== undefined && { batchId }),
    };
  },
  docOf(stored) {
    const { _id: key, pos, tenant, epoch, partition, body } = stored as StoredDoc & PredictionDoc;
    const id = key.slice(tenant.length + 1);
    return { key, tenant, id, epoch, partition, pos, ...(JSON.parse(body) as StatusBody) };
  },
});

const wholeDoc = <Doc>({ body }: StoredDoc): Doc => JSON.parse(body) as Doc;

export const statsForm = (generation: number): ViewForm<PredictionStatsDoc> => ({
  collection: `prediction_stats_v${generation}`,
  indexes: [{ name: 'hour', key: { tenant: 1, hour: 1, _id: 1 } }],
  fieldsOf: (doc) => ({ tenant: doc.tenant, hour: doc.hour, body: JSON.stringify(doc) }),
  docOf: wholeDoc,
});

export const qualityForm = (generation: number): ViewForm<PredictionQualityDoc> => ({
  collection: qualityViewName(generation),
  indexes: [{ name: 'hour', key: { tenant: 1, model: 1, hour: 1, _id: 1 } }],
  fieldsOf: (doc) => ({ tenant: doc.tenant, model: doc.model, hour: doc.hour, body: JSON.stringify(doc) }),
  docOf: wholeDoc,
});

export const labelsForm = (generation: number): ViewForm<LabelsDoc> => ({
  collection: `labels_v${generation}`,
  indexes: [{ name: 'waiting', key: { tenant: 1, _id: 1 }, partialFilterExpression: { isWaiting: true } }],
  fieldsOf: (doc) => ({ tenant: doc.tenant, isWaiting: doc.state.waiting.length > 0, body: JSON.stringify(doc) }),
  docOf: wholeDoc,
});

export const modelForm = (generation: number): ViewForm<ModelDoc> => ({
  collection: `models_v${generation}`,
  indexes: [{ name: 'tenant', key: { tenant: 1, _id: 1 } }],
  fieldsOf: (doc) => ({ tenant: doc.tenant, body: JSON.stringify(doc) }),
  docOf: wholeDoc,
});
