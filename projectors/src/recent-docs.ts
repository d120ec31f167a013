export interface RecentDocs<Doc> {
  get(key: string): Doc | undefined;
  keep(key: string, doc: Doc): void;
  forget(key: string): void;
}

/**
 * Documents that this process wrote last, by partition, at most `docsMax` of each: the next event of a key mostly comes
 * soon, and the compare-and-swap finds out when somebody else wrote in between.
 */
export const createRecentDocs = <Doc>(
  docsMax: number,
): { of(partition: number): RecentDocs<Doc>; forget(partition: number): void } => {
  const partitions = new Map<number, Map<string, Doc>>();

  return {
    of(partition) {
      const docs = partitions.get(partition) ?? new Map<string, Doc>();
      partitions.set(partition, docs);
      return {
        get: (key) => docs.get(key),
        keep(key, doc) {
          docs.set(key, doc);
          if (docs.size <= docsMax) return;
          for (const oldest of docs.keys()) {
            docs.delete(oldest);
            break;
          }
        },
        forget: (key) => docs.delete(key),
      };
    },
    forget: (partition) => partitions.delete(partition),
  };
};
