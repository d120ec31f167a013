import type { Db } from 'mongodb';
import { checkpointsCollection } from './view-checkpoints.ts';

interface Mark {
  readonly _id: string;
  readonly stamp: string;
}

/** No document has an empty key, and a scan begins behind it. */
export const documentsMark = '';
const checkpointsMark = (view: string): string => `${view}|`;

const marksOf = (db: Db, view: string) => [
  { collection: db.collection<Mark>(view), _id: documentsMark },
  { collection: db.collection<Mark>(checkpointsCollection), _id: checkpointsMark(view) },
];

/**
 * A mark stands among the documents of a view, and one among its checkpoints, with the stamp of their generation.
 * Whoever empties a collection takes its mark away, and whoever writes into an emptied one makes none.
 */
export const putMarks = async (db: Db, view: string, stamp: string): Promise<void> => {
  for (const { collection, _id } of marksOf(db, view)) {
    await collection.updateOne({ _id }, { $set: { stamp } }, { upsert: true });
  }
};

export const removeCheckpointsMark = async (db: Db, view: string): Promise<void> => {
  await db.collection<Mark>(checkpointsCollection).deleteOne({ _id: checkpointsMark(view) });
};

/**
 * What was found together with the mark, without it; undefined where the mark is not that of the generation: what is there
 * was written after somebody had emptied the collection, and begins in the middle of its history.
 */
export const behindMark = <Stored extends { readonly _id: string }>(
  found: readonly Stored[],
  stamp: string,
): readonly Stored[] | undefined => {
  const mark = found.find(({ _id }) => _id === documentsMark);
  return mark && 'stamp' in mark && mark.stamp === stamp ? found.filter((one) => one !== mark) : undefined;
};

/** Whether all that was written into these views since their generation was made is still there. */
export const areWhole = async (db: Db, views: readonly string[], stamp: string): Promise<boolean> => {
  const marks = (collection: string, ids: readonly string[]) =>
    db
      .collection<Mark>(collection)
      .find({ _id: { $in: [...ids] } })
      .toArray();
  const found = await Promise.all([
    marks(checkpointsCollection, views.map(checkpointsMark)),
    ...views.map((view) => marks(view, [documentsMark])),
  ]);
  const stamps = found.flat().map((mark) => mark.stamp);
  return stamps.length === 2 * views.length && stamps.every((one) => one === stamp);
};
