import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import type { DatasetPlan } from '../datasets/dataset-cut.ts';
import type { DatasetExtractor, Extracted } from '../datasets/dataset-extractor.ts';
import type { VersionRules } from '../datasets/version-rules.ts';
import type { RecordedRecord } from '../event-log.ts';
import { createMemoryArtifactStore } from '../in-memory/artifact-store.ts';
import type { Sha256 } from '../ports.ts';
import { type HistoryRecord, logOf, storedHistory } from '../testing/dataset-histories.ts';

export interface DatasetExtractorUnderTest {
  readonly extractor: DatasetExtractor;
  /** Random histories that are tried. */
  readonly runs: number;
  stop(): Promise<void>;
}

export const sha256: Sha256 = (data) => createHash('sha256').update(data).digest('hex');
export const redactionKey = 'a key of the tests';

const bytesOf = async (content: AsyncIterable<Uint8Array>): Promise<string> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return new TextDecoder().decode(Uint8Array.from(chunks.flatMap((chunk) => [...chunk])));
};

/** Values of JSON columns are compared as values: adapters may write numbers in them as they like. */
export const plain = (extracted: Pick<Extracted, 'columns'>, cells: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    extracted.columns.map(({ name, type }) => {
      const cell = cells[name] ?? null;
      return [name, type === 'json' && typeof cell === 'string' ? { json: JSON.parse(cell) as unknown } : cell];
    }),
  );

/** What the contract asks of an extractor, and how it reads its answers. */
export const createExtraction = (subject: () => DatasetExtractorUnderTest) => {
  const artifacts = createMemoryArtifactStore({ sha256 });
  let works = 0;
  const extract = (
    plan: DatasetPlan,
    records: readonly RecordedRecord[],
    work = `work-${++works}`,
    versions: readonly VersionRules[] = [],
  ) =>
    subject().extractor.extract(
      plan,
      work,
      { log: logOf(records), artifacts, redactionKey, versions },
      {
        signal: new AbortController().signal,
        progress: () => {},
      },
    );
  const filesOf = async ({ files }: Extracted) =>
    Promise.all(files.map(async ({ content, ...file }) => ({ ...file, text: await bytesOf(content()) })));
  const rowsOf = async (extracted: Extracted) => {
    const rows = new Map<string, Record<string, unknown>[]>();
    for (const { split, rows: count, text } of await filesOf(extracted)) {
      const lines = text.split('\n').filter((line) => line !== '');
      expect(lines).toHaveLength(count);
      const cells = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      for (const row of cells) expect(Object.keys(row)).toEqual(extracted.columns.map(({ name }) => name));
      const mine = cells.map((row) => plain(extracted, row));
      rows.set(split, [...(rows.get(split) ?? []), ...mine]);
    }
    return [...rows].map(([split, of]) => ({ split, rows: of }));
  };
  const one = (...events: readonly HistoryRecord['event'][]) =>
    storedHistory([events.map((event) => ({ event: event as NonNullable<typeof event> }))]);
  return { artifacts, extract, filesOf, rowsOf, one };
};

export type Extraction = ReturnType<typeof createExtraction>;
