import type { ViewStore, ViewWrite } from '@hindcast/domain';
import { type AnyBulkWriteOperation, type Collection, type Db, MongoBulkWriteError, ObjectId } from 'mongodb';
import { duplicateKey } from './mongo-client.ts';
import { viewCheckpoints } from './view-checkpoints.ts';
import type { StoredDoc, ViewForm } from './view-forms.ts';
import { areWhole } from './view-marks.ts';

/** Documents read at once by a scan. */
const scanPageMax = 500;
/** Keys that one query names: far below the size that a command may have. */
const keysMax = 1_000;

export const mongoViewStore = <Doc extends { readonly key: string; readonly pos: number }>(
  db: Db,
  form: ViewForm<Doc>,
  /** Of the generation, as its marks bear it. */
  stamp: string,
): ViewStore<Doc> => {
  const collection = db.collection<StoredDoc>(form.collection);
  const checkpoints = viewCheckpoints(db, form.collection);

  const operationOf = ({ doc, base }: ViewWrite<Doc>, savedBy: ObjectId): AnyBulkWriteOperation<StoredDoc> => {
    const content = { pos: doc.pos, savedBy, ...form.fieldsOf(doc) };
    if (base === undefined) return { insertOne: { document: { _id: doc.key, ...content } } };
    return { replaceOne: { filter: { _id: doc.key, pos: base }, replacement: content } };
  };

  /** Answers the keys of the documents that were not at their base. */
  const swap = async (writes: readonly ViewWrite<Doc>[]): Promise<readonly string[]> => {
    const savedBy = new ObjectId();
    const operations = writes.map((write) => operationOf(write, savedBy));
    try {
      const done = await collection.bulkWrite(operations, { ordered: false });
      if (done.insertedCount + done.matchedCount === writes.length) return [];
    } catch (error) {
      if (!isOfExistingKeys(error)) throw error;
    }
    return othersThan(collection, savedBy, writes);
  };

  return {
    async load(keys) {
      const found = new Map<string, Doc>();
      for (let from = 0; from < keys.length; from += keysMax) {
        const cursor = collection.find({ _id: { $in: keys.slice(from, from + keysMax) } });
        for await (const stored of cursor) found.set(stored._id, form.docOf(stored));
      }
      return found;
    },
    async save(writes, checkpoint) {
      const lost = writes.length === 0 ? [] : await swap(writes);
      if (lost.length > 0 && !(await areWhole(db, [form.collection], stamp))) {
        // What is read and folded anew would begin in the middle of the history.
        throw new Error(`The store has lost a part of ${form.collection}.`);
      }
      if (checkpoint && lost.length === 0) await checkpoints.save(checkpoint);
      return lost;
    },
    checkpoints: checkpoints.all,
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
        yield page.map((stored) => form.docOf(stored));
        after = last._id;
      }
    },
  };
};

const isOfExistingKeys = (error: unknown): boolean =>
  error instanceof MongoBulkWriteError &&
  error.result.getWriteConcernError() === undefined &&
  [error.writeErrors].flat().every(({ code }) => code === duplicateKey);

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
