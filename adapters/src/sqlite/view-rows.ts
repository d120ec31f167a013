import {
  type LabelsDoc,
  type ModelDoc,
  type PredictionQualityDoc,
  type PredictionStatsDoc,
  qualityViewName,
} from '@hindcast/domain';
import { labelsTable, modelsTable, statsTable } from './view-schema.ts';

/** How the documents of one view become rows: `key`, `pos` and these columns besides. */
export interface ViewRows<Doc> {
  readonly table: string;
  readonly columns: readonly string[];
  valuesOf(doc: Doc): readonly (string | number | null)[];
  /**
   * Columns that every write changes. The others keep their value from the moment on when the last of them, `settledBy`,
   * has one: an update that does not name them leaves their indexes alone, which are most of its cost.
   */
  readonly changing: readonly string[];
  readonly settledBy: string;
  /** Columns that `docOf` reads, in its order. */
  readonly read: readonly string[];
  docOf(row: readonly unknown[]): Doc;
}

const wholeDoc = <Doc>(row: readonly unknown[]): Doc => JSON.parse(row[0] as string) as Doc;

export const statsRows = (generation: number): ViewRows<PredictionStatsDoc> => ({
  table: statsTable(generation),
  columns: ['tenant', 'hour', 'body'],
  changing: ['body'],
  settledBy: 'hour',
  valuesOf: (doc) => [doc.tenant, doc.hour, JSON.stringify(doc)],
  read: ['body'],
  docOf: wholeDoc,
});

export const qualityRows = (generation: number): ViewRows<PredictionQualityDoc> => ({
  table: qualityViewName(generation),
  columns: ['tenant', 'model', 'hour', 'body'],
  changing: ['body'],
  settledBy: 'hour',
  valuesOf: (doc) => [doc.tenant, doc.model, doc.hour, JSON.stringify(doc)],
  read: ['body'],
  docOf: wholeDoc,
});

export const labelsRows = (generation: number): ViewRows<LabelsDoc> => ({
  table: labelsTable(generation),
  columns: ['tenant', 'waiting', 'body'],
  changing: ['waiting', 'body'],
  settledBy: 'tenant',
  valuesOf: (doc) => [doc.tenant, doc.state.waiting.length, JSON.stringify(doc)],
  read: ['body'],
  docOf: wholeDoc,
});

export const modelRows = (generation: number): ViewRows<ModelDoc> => ({
  table: modelsTable(generation),
  columns: ['tenant', 'body'],
  changing: ['body'],
  settledBy: 'tenant',
  valuesOf: (doc) => [doc.tenant, JSON.stringify(doc)],
  read: ['body'],
  docOf: wholeDoc,
});
