import { describe, expect, it } from 'vitest';
import { maturityBuckets } from '../quality/quality-sums.ts';
import type {
  LabelsDoc,
  ModelDoc,
  PredictionDoc,
  PredictionQualityDoc,
  PredictionQuery,
  PredictionStatsDoc,
  ViewDatabase,
} from '../view-store.ts';
import { endedDoc, requestedDoc } from './sample-documents.ts';

type Using = (test: (views: ViewDatabase) => Promise<void>) => Promise<void>;

const fill = (views: ViewDatabase, docs: readonly PredictionDoc[]) =>
  views.statusStore(1).save(docs.map((doc) => ({ doc, base: undefined })));
const idsOf = async (views: ViewDatabase, query: Partial<PredictionQuery>) =>
  (await views.reader.predictions({ tenant: 't', limit: 100, ...query })).map(({ id }) => id).join(' ');

/** What the readers of a view database answer. */
export const viewQueryContract = (name: string, using: Using): void => {
  describe(`view queries: ${name}`, () => {
    it('lists the predictions of a tenant newest first, ties by id, page after page', () =>
      using(async (views) => {
        const times: [string, number][] = [
          ['a', 5],
          ['b', 9],
          ['c', 9],
          ['d', 9],
          ['e', 2],
        ];
        await fill(
          views,
          times.map(([id, at], i) => requestedDoc(id, i + 1, at)),
        );
        const other = { ...requestedDoc('x', 20, 7), key: 'other/x', tenant: 'other' };
        const labelOnly: PredictionDoc = {
          ...requestedDoc('y', 21, 7),
          state: { status: 'unknown', history: [], ignored: 0, labels: [] },
        };
        await fill(views, [other, labelOnly]);
        expect(await idsOf(views, {})).toBe('d c b a e');
        const first = await views.reader.predictions({ tenant: 't', limit: 2 });
        expect(first.map(({ id }) => id)).toEqual(['d', 'c']);
        expect(await idsOf(views, { before: { at: 9, id: 'c' }, limit: 2 })).toBe('b a');
        expect(await idsOf(views, { before: { at: 5, id: 'a' } })).toBe('e');
        expect((await views.reader.predictions({ tenant: 't', limit: 1 }))[0]).toEqual(requestedDoc('d', 4, 9));
      }));

    it('filters by everything a query can name, alone and together', () =>
      using(async (views) => {
        await fill(views, [
          requestedDoc('a', 1, 10, { model: 'churn', version: 1, entity: 'e1', batchId: 'b1' }),
          requestedDoc('b', 2, 20, { model: 'churn', version: 2, entity: 'e1', referenceId: 'r1' }),
          requestedDoc('c', 3, 30, { model: 'iris', version: 1, entity: 'e2', batchId: 'b1' }),
        ]);
        await fill(views, [endedDoc('z', 5)]);
        expect(await idsOf(views, { model: 'churn', until: 100 })).toBe('b a');
        expect(await idsOf(views, { model: 'churn', version: 2 })).toBe('b');
        expect(await idsOf(views, { entity: 'e1' })).toBe('b a');
        expect(await idsOf(views, { referenceId: 'r1' })).toBe('b');
        expect(await idsOf(views, { batchId: 'b1' })).toBe('c a');
        expect(await idsOf(views, { batchId: 'b1', model: 'iris' })).toBe('c');
        expect(await idsOf(views, { status: 'queued' })).toBe('c b a');
        expect(await idsOf(views, { status: 'succeeded' })).toBe('z');
        expect(await idsOf(views, { status: 'failed' })).toBe('');
        expect(await idsOf(views, { since: 20, until: 30 })).toBe('b');
        expect(await idsOf(views, { status: 'queued', entity: 'e1', since: 11 })).toBe('b');
        expect(await idsOf(views, { entity: "e1' OR 1=1 --" })).toBe('');
      }));

    it('follows a document whose status changes', () =>
      using(async (views) => {
        await fill(views, [requestedDoc('a', 4, 10)]);
        await views.statusStore(1).save([{ doc: endedDoc('a', 5), base: 4 }]);
        expect(await idsOf(views, { status: 'queued' })).toBe('');
        expect(await idsOf(views, { status: 'succeeded' })).toBe('a');
      }));

    it('lists a prediction that had only a label until its request came', () =>
      using(async (views) => {
        const requested = requestedDoc('a', 9, 10, { entity: 'e1', model: 'iris' });
        const labelOnly: PredictionDoc = {
          ...requested,
          pos: 4,
          state: { status: 'unknown', history: [], ignored: 0, labels: [] },
        };
        await fill(views, [labelOnly]);
        expect(await idsOf(views, {})).toBe('');
        await views.statusStore(1).save([{ doc: requested, base: 4 }]);
        expect(await idsOf(views, { entity: 'e1' })).toBe('a');
        expect(await idsOf(views, { model: 'iris', status: 'queued' })).toBe('a');
      }));

    it('gives the statistics of the hours asked for', () =>
      using(async (views) => {
        const docs = [
          stats('churn', 0, 1),
          stats('churn', 3_600_000, 1),
          stats('churn', 3_600_000, 2),
          stats('iris', 0, 1),
        ];
        await views.statsStore(1).save(docs.map((doc) => ({ doc, base: undefined })));
        const asked = { tenant: 't', since: 0, until: 3_600_001 };
        expect(await views.reader.stats({ ...asked, model: 'churn' })).toEqual(docs.slice(0, 3));
        expect(await views.reader.stats({ ...asked, since: 1 })).toEqual(docs.slice(1, 3));
        expect(await views.reader.stats({ ...asked, until: 3_600_000 })).toEqual([docs[0], docs[3]]);
        expect(await views.reader.stats({ ...asked, tenant: 'other' })).toEqual([]);
      }));

    it('gives the quality of one model for the hours of accept asked for, with sums of any size', () =>
      using(async (views) => {
        const [early, later, other] = [quality('churn', 0, 1), quality('churn', 3_600_000, 1), quality('iris', 0, 1)];
        const docs = [early, later, other];
        await views.qualityStore(1).save(docs.map((doc) => ({ doc, base: undefined })));
        const asked = { tenant: 't', model: 'churn', since: 0, until: 3_600_001 };
        expect(await views.reader.quality(asked)).toEqual([early, later]);
        expect(await views.reader.quality({ ...asked, until: 3_600_000 })).toEqual([early]);
        expect(await views.reader.quality({ ...asked, tenant: 'other' })).toEqual([]);
        expect(await views.qualityStore(1).save([{ doc: { ...early, pos: 9 }, base: 7 }])).toEqual([]);
        expect((await views.reader.quality(asked))[0]?.pos).toBe(9);
      }));

    it('lists the addresses at which labels wait, by key and page after page, and no others', () =>
      using(async (views) => {
        const docs = [labels('@reference:b', 1), labels('@entity:a', 2), labels('@reference:c', 0)];
        const foreign = { ...labels('@entity:x', 1), key: 'other/@entity:x', tenant: 'other' };
        await views.labelsStore(1).save([...docs, foreign].map((doc) => ({ doc, base: undefined })));
        expect(await views.reader.labels('t/@reference:c')).toEqual(docs[2]);
        expect(await views.reader.labels('t/@reference:d')).toBeUndefined();
        const page = { tenant: 't', limit: 10 };
        expect(await views.reader.waitingLabels(page)).toEqual([docs[1], docs[0]]);
        expect(await views.reader.waitingLabels({ ...page, limit: 1 })).toEqual([docs[1]]);
        expect(await views.reader.waitingLabels({ ...page, after: 't/@entity:a' })).toEqual([docs[0]]);
        await views.labelsStore(1).save([{ doc: { ...labels('@entity:a', 0), pos: 8 }, base: 7 }]);
        expect(await views.reader.waitingLabels(page)).toEqual([docs[0]]);
      }));

    it('lists what was never requested, until it is', () =>
      using(async (views) => {
        const state = { status: 'unknown', history: [], ignored: 0, labels: [] } as const;
        const docs = ['b', 'a'].map((id): PredictionDoc => ({ ...requestedDoc(id, 4, 10), state }));
        await fill(views, [...docs, requestedDoc('c', 5, 10)]);
        expect(await views.reader.unrequested({ tenant: 't', limit: 10 })).toEqual([docs[1], docs[0]]);
        expect(await views.reader.unrequested({ tenant: 't', limit: 1, after: 't/a' })).toEqual([docs[0]]);
        await views.statusStore(1).save([{ doc: requestedDoc('a', 9, 10), base: 4 }]);
        expect(await views.reader.unrequested({ tenant: 't', limit: 10 })).toEqual([docs[0]]);
        expect(await views.reader.unrequested({ tenant: 'other', limit: 10 })).toEqual([]);
      }));

    it('gives one model, or all models of a tenant by name', () =>
      using(async (views) => {
        const docs = [model('b', 't'), model('a', 't'), model('c', 'other')];
        await views.modelStore(1).save(docs.map((doc) => ({ doc, base: undefined })));
        expect(await views.reader.model('t/b')).toEqual(docs[0]);
        expect(await views.reader.model('t/c')).toBeUndefined();
        expect((await views.reader.models('t')).map((doc) => doc.name)).toEqual(['a', 'b']);
      }));
  });
};

const model = (name: string, tenant: string): ModelDoc => ({
  key: `${tenant}/${name}`,
  tenant,
  name,
  pos: 1,
  state: { versions: [], routing: { champion: 1, canary: [] }, paused: false, revision: 1 },
});

const quality = (name: string, hour: number, partition: number): PredictionQualityDoc => ({
  ...{ key: `t/${name}@1|${hour}|p${partition}`, tenant: 't', model: name, version: 1, hour, partition, pos: 7 },
  buckets: Array.from({ length: maturityBuckets }, () => ({ accepted: 3, abs: '123456789012345678901' })),
});

const labels = (address: string, count: number): LabelsDoc => ({
  ...{ key: `t/${address}`, tenant: 't', address, epoch: 0, partition: 3, pos: 7 },
  state: {
    waiting: Array.from({ length: count }, (_, at) => ({
      ...{ eventId: `e-${at}`, offset: at, at: 1_000 },
      report: { referenceId: 'ü"', value: 'yes' },
    })),
    matched: [],
  },
});

const stats = (name: string, hour: number, partition: number): PredictionStatsDoc => ({
  key: `t/${name}@1|${hour}|p${partition}`,
  tenant: 't',
  model: name,
  version: 1,
  hour,
  partition,
  pos: 7,
  accepted: 3,
  succeeded: 2,
  failed: 0,
  canceled: 1,
  expired: 0,
  labeled: 1,
  queuedMs: 1.5,
  inferenceMs: 0.25,
  durations: [1, 2],
});
