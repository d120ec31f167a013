import { formerQualityViewNames, type ProjectionName } from '@hindcast/domain';
import type { Db } from 'mongodb';
import { checkpointsCollection } from './view-checkpoints.ts';
import { labelsForm, modelForm, qualityForm, statsForm, statusForm } from './view-forms.ts';
import { areWhole, hasMarks, putMarks, removeCheckpointsMark } from './view-marks.ts';

/** Views of one generation: the collections that are made, promoted and dropped together. */
const formsOf = (projection: ProjectionName, generation: number) =>
  projection === 'models'
    ? [modelForm(generation)]
    : [statusForm(generation), statsForm(generation), qualityForm(generation), labelsForm(generation)];

export const viewsOf = (projection: ProjectionName, generation: number): readonly string[] =>
  formsOf(projection, generation).map(({ collection }) => collection);

/** Processes of before go on with them while one after the other is replaced. */
const formerViewsOf = (projection: ProjectionName, generation: number): readonly string[] =>
  projection === 'models' ? [] : formerQualityViewNames(generation);

/** Makes what is not there yet. An index makes its collection. */
export const createIndexes = async (db: Db, projection: ProjectionName, generation: number): Promise<void> => {
  for (const { collection, indexes } of formsOf(projection, generation)) {
    await db.collection(collection).createIndexes([...indexes]);
  }
};

export const createCollections = async (
  db: Db,
  projection: ProjectionName,
  { generation, stamp }: { readonly generation: number; readonly stamp: string },
): Promise<void> => {
  await createIndexes(db, projection, generation);
  for (const view of viewsOf(projection, generation)) await putMarks(db, view, stamp);
};

/** A view that is folded in another way since: it begins empty where that of before is whole, and the log fills it. */
export const markRenewed = async (
  db: Db,
  projection: ProjectionName,
  { generation, stamp }: { readonly generation: number; readonly stamp: string },
): Promise<void> => {
  const former = formerViewsOf(projection, generation);
  const wholes = await Promise.all(former.map((view) => areWhole(db, [view], stamp)));
  const { collection } = qualityForm(generation);
  if (wholes.includes(true) && !(await hasMarks(db, collection))) await putMarks(db, collection, stamp);
};

export const createCheckpointIndex = async (db: Db): Promise<void> => {
  await db.collection(checkpointsCollection).createIndex({ view: 1, partition: 1 }, { name: 'view' });
};

export const dropCollections = async (db: Db, projection: ProjectionName, generation: number): Promise<void> => {
  for (const collection of [...viewsOf(projection, generation), ...formerViewsOf(projection, generation)]) {
    await db.collection(checkpointsCollection).deleteMany({ view: collection });
    await removeCheckpointsMark(db, collection);
    await db.dropCollection(collection);
  }
};

/**
 * Numbers of generations of which a collection is there: also of dropped ones, where a process died while it dropped
 * them or wrote to them once more.
 */
export const generationsFound = async (db: Db, projection: ProjectionName): Promise<ReadonlySet<number>> => {
  const names = (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name);
  const found = new Set<number>();
  for (const name of names) {
    const generation = Number(/_v([1-9]\d{0,8})$/.exec(name)?.[1]);
    const views = [...viewsOf(projection, generation), ...formerViewsOf(projection, generation)];
    if (views.includes(name)) found.add(generation);
  }
  return found;
};
