import type { ViewMember } from '@hindcast/domain';
import type { Db } from 'mongodb';

type StoredMember = Omit<ViewMember, 'id'> & { readonly _id: string };

/** The processes that fold into a database. */
export const viewMembers = (db: Db) => {
  const collection = db.collection<StoredMember>('view_members');
  return {
    async put({ id, beat, stopped }: ViewMember): Promise<void> {
      await collection.updateOne({ _id: id }, { $set: { beat, stopped } }, { upsert: true });
    },
    async all(): Promise<readonly ViewMember[]> {
      const stored = await collection.find().toArray();
      return stored.map(({ _id: id, beat, stopped }) => ({ id, beat, stopped }));
    },
    async forget({ id, beat }: Pick<ViewMember, 'id' | 'beat'>): Promise<void> {
      await collection.deleteOne({ _id: id, beat });
    },
  };
};
