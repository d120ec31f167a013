import type { Checkpoint, ProjectionName, ViewReader } from '@hindcast/domain';
import { type Db, type Filter, MongoServerError, type Sort } from 'mongodb';
import { gatheredReads } from './gathered-reads.ts';
import type { ViewCheckpoints } from './view-checkpoints.ts';
import { viewsOf } from './view-collections.ts';
import {
  labelsForm,
  modelForm,
  qualityForm,
  type StoredDoc,
  statsForm,
  statusForm,
  type ViewForm,
} from './view-forms.ts';
import type { MadeGeneration, MongoViewGenerations } from './view-generations.ts';
import { areWhole, findBehindMark, LostPart } from './view-marks.ts';
import { predictionsFilter } from './view-query.ts';

interface Find {
  readonly filter: Filter<StoredDoc>;
  readonly sort?: Sort;
  readonly limit?: number;
  readonly hint?: string;
}

/** A read by a person who waits. Longer than any query here takes; the driver's own limits add up to more. */
const readTimeoutMs = 5_000;

export const createMongoViewReader = (
  db: Db,
  generations: MongoViewGenerations,
  saved: ViewCheckpoints,
): ViewReader => {
  const find = async <Doc>(form: ViewForm<Doc>, { filter, ...options }: Find): Promise<Doc[]> => {
    const stored = await db.collection<StoredDoc>(form.collection).find(filter, options).toArray();
    return stored.map((doc) => form.docOf(doc));
  };

  const requireWhole = async (projection: ProjectionName, { generation, stamp }: MadeGeneration): Promise<void> => {
    if (await areWhole(db, viewsOf(projection, generation), stamp)) return;
    throw new LostPart(projection);
  };

  /**
   * Asks the live generation. The knowledge of which that is may be a moment old, and the generation may be gone: an
   * answer with less than `whole` documents, or a refused query, counts only when the pointer still says the same, and
   * when nobody has taken documents away.
   */
  const ask = async <Answer extends readonly unknown[]>(
    projection: ProjectionName,
    query: (live: MadeGeneration) => Promise<Answer>,
    whole = 1,
  ): Promise<Answer> => {
    const live = await generations.live(projection);
    const answer = await query(live).catch((error) => {
      if (error instanceof MongoServerError || error instanceof LostPart) return error;
      throw error;
    });
    if (!(answer instanceof Error) && answer.length >= whole) return answer;
    const newest = await generations.live(projection, true);
    if (newest.stamp !== live.stamp) return query(newest);
    if (answer instanceof Error) throw answer;
    await requireWhole(projection, live);
    return answer;
  };
  const asking = <Answer extends readonly unknown[]>(
    projection: ProjectionName,
    query: (generation: number) => Promise<Answer>,
  ): Promise<Answer> => inTime(ask(projection, ({ generation }) => query(generation)));

  const one = <Doc extends { readonly key: string }>(
    projection: ProjectionName,
    form: (generation: number) => ViewForm<Doc>,
  ): ((key: string) => Promise<Doc | undefined>) =>
    gatheredReads(async (keys) => {
      const load = async ({ generation, stamp }: MadeGeneration): Promise<Doc[]> => {
        const { collection, docOf } = form(generation);
        return (await findBehindMark(db.collection(collection), keys, stamp)).map(docOf);
      };
      const docs = await inTime(ask(projection, load, keys.length));
      return new Map(docs.map((doc) => [doc.key, doc]));
    });

  /** The marks are looked at behind them: what the checkpoints speak for was there when they were read. */
  const checkpointsOf = async (projection: ProjectionName): Promise<readonly Checkpoint[]> => {
    const live = await generations.live(projection);
    const { collection } = projection === 'models' ? modelForm(live.generation) : statusForm(live.generation);
    const checkpoints = await saved.all(collection);
    await requireWhole(projection, live);
    return checkpoints;
  };

  const status: ProjectionName = 'prediction-status';
  return {
    prediction: one(status, statusForm),
    async predictions(query) {
      // To the store a limit of 0 means none.
      if (query.limit < 1) return [];
      const { filter, hint } = predictionsFilter(query);
      const sort = { requestedAt: -1, _id: -1 } as const;
      return asking(status, (live) => find(statusForm(live), { filter, hint, sort, limit: query.limit }));
    },
    async stats({ tenant, model, since, until }) {
      const filter = { tenant, hour: { $gte: since, $lt: until } };
      const docs = await asking(status, (live) => find(statsForm(live), { filter, sort: { hour: 1, _id: 1 } }));
      return model === undefined ? docs : docs.filter((doc) => doc.model === model);
    },
    quality: ({ tenant, model, since, until }) => {
      const filter = { tenant, model, hour: { $gte: since, $lt: until } };
      return asking(status, (live) => find(qualityForm(live), { filter, sort: { hour: 1, _id: 1 } }));
    },
    labels: one(status, labelsForm),
    waitingLabels: ({ tenant, limit, after = '' }) => {
      if (limit < 1) return Promise.resolve([]);
      const filter = { tenant, isWaiting: true, _id: { $gt: after } };
      return asking(status, (live) => find(labelsForm(live), { filter, sort: { _id: 1 }, limit }));
    },
    unrequested: ({ tenant, limit, after = '' }) => {
      if (limit < 1) return Promise.resolve([]);
      const filter = { tenant, status: 'unknown', _id: { $gt: after } };
      return asking(status, (live) => find(statusForm(live), { filter, sort: { _id: 1 }, limit }));
    },
    model: one('models', modelForm),
    models: (tenant) => asking('models', (live) => find(modelForm(live), { filter: { tenant }, sort: { _id: 1 } })),
    checkpoints: (projection) => inTime(checkpointsOf(projection)),
  };
};

const inTime = <T>(reading: Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`The views did not answer within ${readTimeoutMs} ms.`)),
      readTimeoutMs,
    );
    reading.then(resolve, reject).finally(() => clearTimeout(timer));
  });
