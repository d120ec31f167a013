import type { ScannedDoc } from '../view-store.ts';

/** All documents of a view, in the order of a scan. */
export const docsIn = async <Doc>(store: {
  scan(): AsyncIterable<readonly ScannedDoc<Doc>[]>;
}): Promise<readonly Doc[]> => {
  const docs: Doc[] = [];
  for await (const page of store.scan()) for (const scanned of page) docs.push(scanned.doc());
  return docs;
};
