import type { ViewStore, ViewWrite } from '@hindcast/domain';
import { type AnyBulkWriteOperation, type Collection, type Db, ObjectId } from 'mongodb';
import { gatheredWrites } from './gathered-writes.ts';
import { isOfTakenIds } from './mongo-client.ts';
import type { ViewCheckpoints } from './view-checkpoints.ts';
import type { StoredDoc, ViewForm } from './view-forms.ts';
import { areWhole, findBehindMark, LostPart } from './view-marks.ts';

/** Documents read at once by a scan. */
const scanPageMax = 500;
/** Keys that one query names: far below the size that a command may have. */
const keysMax = 1_000;
/** Saves that go out as one bulk: batches of so many partitions. */
const savesMax = 24;

interface Save<Doc> {
  readonly writes: readonly ViewWrite<Doc>[];
  /** Names what this save wrote. */
  readonly savedBy: ObjectId;
}

export const mongoViewStore = <Doc extends { readonly key: string; readonly pos: number }>(
  db: Db,
  form: ViewForm<Doc>,
  /** Of the generation, as its marks bear it. */
  stamp: string,
  checkpoints: ViewCheckpoints,
): ViewStore<Doc> => {
  const collection = db.collection<StoredDoc>(form.collection);

  const operationOf = ({ doc, base }: ViewWrite<Doc>, savedBy: ObjectId): AnyBulkWriteOperation<StoredDoc> => {
    const content = { pos: doc.pos, savedBy, ...form.fieldsOf(doc) };
    if (base === undefined) return { insertOne: { document: { _id: doc.key, ...content } } };
    return { replaceOne: { filter: { _id: doc.key, pos: base }, replacement: content } };
  };

  /** Answers, for each, the keys of the documents that were not at their base. */
  const swapAll = async (saves: readonly Save<Doc>[]): Promise<readonly (readonly string[])[]> => {
    const operations = saves.flatMap(({ writes, savedBy }) => writes.map((write) => operationOf(write, savedBy)));
    try {
      const done = await collection.bulkWrite(operations, { ordered: false });
      if (done.insertedCount + done.matchedCount === operations.length) return saves.map(() => []);
    } catch (error) {
      if (!isOfTakenIds(error)) throw error;
    }
    return Promise.all(saves.map(({ writes, savedBy }) => othersThan(collection, savedBy, writes)));
  };
  const swap = gatheredWrites(swapAll, savesMax);

  return {
    async load(keys) {
      const found = new Map<string, Doc>();
      for (let from = 0; from < keys.length; from += keysMax) {
        const stored = await findBehindMark(collection, keys.slice(from, from + keysMax), stamp);
        for (const one of stored) found.set(one._id, form.docOf(one));
      }
      return found;
    },
    async save(writes, checkpoint) {
      const lost = writes.length === 0 ? [] : await swap({ writes, savedBy: new ObjectId() });
      if (lost.length > 0 && !(await areWhole(db, [form.collection], stamp))) {
        // What is read and folded anew would begin in the middle of the history.
        throw new LostPart(form.collection);
      }
      if (checkpoint && lost.length === 0) await checkpoints.save(form.collection, checkpoint);
      return lost;
    },
    checkpoints: () => checkpoints.all(form.collection),
    async *scan() {
      // Pages instead of a cursor: a cursor that is read slowly is given up by the server.
      for (let after = ''; ; ) {
        const page = await collection
          .find({ _id: { $gt: after } })
          .sort({ _id: 1 })
          .limit(scanPageMax)
          .toArray();
        const last = page.at(-1);
        if (!last) return;
        yield page.map((stored) => ({ key: stored._id, doc: () => form.docOf(stored) }));
        after = last._id;
      }
    },
  };
};

/**
 * A bulk only counts what it did not find, and a command that the driver repeats after a cut connection finds its own
 * write: who wrote the documents says it exactly.
 */
const othersThan = async <Doc extends { readonly key: string }>(
  collection: Collection<StoredDoc>,
  savedBy: ObjectId,
  writes: readonly ViewWrite<Doc>[],
): Promise<readonly string[]> => {
  const lost = new Set(writes.map(({ doc }) => doc.key));
  const keys = [...lost];
  for (let from = 0; from < keys.length; from += keysMax) {
    const ours = collection.find(
      { _id: { $in: keys.slice(from, from + keysMax) }, savedBy },
      { projection: { _id: 1 } },
    );
    for await (const { _id } of ours) lost.delete(_id);
  }
  return [...lost];
};
