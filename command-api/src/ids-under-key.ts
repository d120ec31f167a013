import type { Identity } from '@hindcast/domain';

/**
 * The ids of what is asked for under a key. A single prediction and the first accepted item of a batch have the same one,
 * in one partition of the log: of all that race under the key, the log says who was first.
 */
export interface IdsUnderKey {
  /** Of a single prediction, of a batch, and of the item that leads the batch. */
  readonly lead: string;
  /** Of the items behind the lead. Batches that differ share none: what is left in the log of one that lost is nobody's. */
  item(batchHash: string, index: number): string;
  /** Of all items in logs of before one of them led the others. */
  earlierItem(index: number): string;
}

/** A line feed cannot be part of a key, so that no key with an index can be taken for another key. */
export const idsUnderKey = (
  { idFromText }: Pick<Identity, 'idFromText'>,
  tenant: string,
  key: string,
): IdsUnderKey => ({
  lead: idFromText(`${tenant}/${key}`),
  item: (batchHash, index) => idFromText(`${tenant}/${key}\n${batchHash}\n${index}`),
  earlierItem: (index) => idFromText(`${tenant}/${key}\n${index}`),
});
