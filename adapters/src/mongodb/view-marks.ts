import type { Collection, Db } from 'mongodb';
import { checkpointsCollection } from './view-checkpoints.ts';
import type { StoredDoc } from './view-forms.ts';

interface Mark {
  readonly _id: string;
  readonly stamp: string;
}

/** No document has an empty key, and a scan begins behind it. */
const documentsMark = '';
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

/** Whether there is one of the two, of whatever stamp. */
export const hasMarks = async (db: Db, view: string): Promise<boolean> => {
  const found = await Promise.all(marksOf(db, view).map(({ collection, _id }) => collection.findOne({ _id })));
  return found.some((mark) => mark !== null);
};

/** Somebody has emptied a collection: what is in it now begins in the middle of its history. */
export class LostPart extends Error {
  constructor(of: string) {
    super(`The store has lost a part of ${of}: it is brought back from the log.`);
    this.name = 'LostPart';
  }
}

/**
 * The documents of these keys, read together with the mark.
 * @throws LostPart where the mark is not that of the generation
 */
export const findBehindMark = async (
  collection: Collection<StoredDoc>,
  keys: readonly string[],
  stamp: string,
): Promise<readonly StoredDoc[]> => {
  const found = await collection.find({ _id: { $in: [documentsMark, ...keys] } }).toArray();
  const mark = found.find(({ _id }) => _id === documentsMark);
  if (mark?.['stamp'] !== stamp) throw new LostPart(collection.collectionName);
  return found.filter((one) => one !== mark);
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
