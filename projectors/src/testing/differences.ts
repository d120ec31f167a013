import { isDeepStrictEqual } from 'node:util';
import type { PredictionQualityDoc, PredictionStatsDoc, RecordedRecord, ViewDatabase } from '@hindcast/domain';
import { docsIn } from '@hindcast/domain/testing';
import { serialFold } from './serial-fold.ts';

/** Documents of a generation that are not what a serial fold of the records makes of them; empty where all is right. */
export const differences = async (
  views: ViewDatabase,
  records: readonly RecordedRecord[],
  generation = 1,
): Promise<{
  readonly status: readonly string[];
  readonly stats: readonly string[];
  readonly quality: readonly string[];
}> => {
  const truth = serialFold(records);
  const status = new Set(truth.states.keys());
  for (const { key, state } of await docsIn(views.statusStore(generation))) {
    if (sameAsStored(state, truth.states.get(key))) status.delete(key);
    else status.add(key);
  }
  const stats = new Set(truth.stats.keys());
  for (const doc of await docsIn(views.statsStore(generation))) {
    if (sameAsStored(countsOf(doc), truth.stats.get(doc.key))) stats.delete(doc.key);
    else stats.add(doc.key);
  }
  const quality = new Set(truth.quality.keys());
  const judge = ({ key, buckets }: PredictionQualityDoc) =>
    sameAsStored({ buckets }, { buckets: truth.quality.get(key) }) ? quality.delete(key) : quality.add(key);
  for (const doc of await docsIn(views.qualityStore(generation))) judge(doc);
  return { status: [...status], stats: [...stats], quality: [...quality] };
};

/** A store keeps JSON, in which a field that is undefined is one that is not there. */
const sameAsStored = (found: object, truth: object | undefined): boolean =>
  truth !== undefined && isDeepStrictEqual(asStored(found), asStored(truth));
const asStored = (value: object): unknown => JSON.parse(JSON.stringify(value));

const countsOf = (doc: PredictionStatsDoc) => {
  const { key: _k, tenant: _t, model: _m, version: _v, hour: _h, partition: _p, pos: _o, ...counts } = doc;
  return counts;
};
