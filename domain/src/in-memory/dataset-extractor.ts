import { describeColumn } from '../datasets/dataset-columns.ts';
import { recordsIn } from '../datasets/dataset-cut.ts';
import type { DatasetExtractor } from '../datasets/dataset-extractor.ts';
import { foldDataset } from '../datasets/fold-dataset.ts';
import { splitNames } from '../datasets/group-hash.ts';
import { readWhole } from '../datasets/read-cut.ts';
import type { Cell } from '../datasets/row-cells.ts';
import { JobFailure } from '../job-handler.ts';
import type { Sha256 } from '../ports.ts';

/** All of the cut is in memory at once. */
export const memoryRecordsMax = 1_000_000;

/** The fold itself as an extractor, for tests, and for NDJSON and CSV where there is no DuckDB. Puts nothing aside. */
export const createMemoryDatasetExtractor = ({ sha256 }: { readonly sha256: Sha256 }): DatasetExtractor => ({
  name: 'fold/5',
  formats: ['ndjson', 'csv'],
  async extract(plan, _work, { log, artifacts, redactionKey, versions }, { signal, progress }) {
    const records = recordsIn(plan.cut);
    if (records > memoryRecordsMax)
      throw new JobFailure('cut_too_large', `The cut has ${records} records, ${memoryRecordsMax} are allowed here.`);
    let done = 0;
    async function* pages() {
      for (const range of plan.cut.ranges) {
        for await (const page of readWhole(log, plan.cut.topic, range)) {
          signal.throwIfAborted();
          yield page;
          done += page.length;
          progress({ done, total: 2 * records, detail: 'reading' });
        }
      }
    }
    const folded = await foldDataset(pages(), plan, { artifacts, sha256, redactionKey, versions });
    progress({ done: 2 * records, total: 2 * records, detail: 'folding' });
    signal.throwIfAborted();
    const names = folded.columns.map(({ name }) => name);
    const isCsv = plan.spec.format === 'csv';
    const files = splitNames(plan.spec).map((split) => {
      const rows = folded.rows.filter((row) => row.split === split).map(({ cells }) => cells);
      const lines = isCsv
        ? [
            names.map(csvCell).join(','),
            ...rows.map((cells) => names.map((name) => csvCell(cells[name] ?? null)).join(',')),
          ]
        : rows.map((cells) => JSON.stringify(cells));
      return {
        ...{ name: `${split}/part-00000.${plan.spec.format}`, split, rows: rows.length },
        content: () => encoded(lines),
      };
    });
    return { ...folded, columns: folded.columns.map(describeColumn), files, discard: async () => {} };
  },
});

const csvCell = (cell: Cell): string => {
  const text = cell === null ? '' : String(cell);
  return text === '' ? (cell === '' ? '""' : '') : /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

async function* encoded(lines: readonly string[]): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for (const line of lines) yield encoder.encode(`${line}\n`);
}
