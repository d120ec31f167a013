import { createInterface } from 'node:readline';
import { pipeline, type Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { usage } from './cli-failure.ts';
import { labelValue } from './label-value.ts';

/** What says which predictions a label is about; a file may have columns of more than one. */
export const LABEL_NAMES = ['id', 'referenceId', 'entity'] as const;
export type LabelName = (typeof LABEL_NAMES)[number];

const columns: ReadonlySet<string> = new Set([
  ...LABEL_NAMES,
  ...['from', 'to', 'model', 'match', 'value', 'occurredAt', 'source', 'weight'],
]);

/** Labels of a file as lines of NDJSON: CSV with a header where its name says so, else NDJSON. */
export const labelLines = (source: Readable, path: string, by: LabelName | undefined): AsyncGenerator<string> =>
  path.endsWith('.csv') ? csvLines(source, path, by) : jsonLines(source, by);

async function* jsonLines(source: Readable, by: LabelName | undefined): AsyncGenerator<string> {
  for await (const line of createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY })) {
    yield by === undefined ? line : onlyBy(line, by);
  }
}

/** A line that is no object goes as it is: the server says what is wrong with it. */
const onlyBy = (line: string, by: LabelName): string => {
  try {
    const label: unknown = JSON.parse(line);
    if (typeof label !== 'object' || label === null || Array.isArray(label)) return line;
    const kept = Object.entries(label).filter(([name]) => name === by || !isName(name));
    return JSON.stringify(Object.fromEntries(kept));
  } catch {
    return line;
  }
};
const isName = (name: string): boolean => (LABEL_NAMES as readonly string[]).includes(name);

async function* csvLines(source: Readable, path: string, by: LabelName | undefined): AsyncGenerator<string> {
  const rows = parse({ columns: true, bom: true, skip_empty_lines: true, trim: true, max_record_size: 65_536 });
  // A failure of the source comes out of the parser, which is what is read.
  pipeline(source, rows, () => {});
  try {
    for await (const row of rows) yield JSON.stringify(labelOf(row as Readonly<Record<string, string>>, by));
  } catch (error) {
    throw usage(`${path} is not CSV with a header: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Empty cells say nothing, and neither do columns that labels do not have. */
const labelOf = (row: Readonly<Record<string, string>>, by: LabelName | undefined): object => {
  const label: Record<string, unknown> = {};
  for (const [name, cell] of Object.entries(row)) {
    if (cell === '' || !columns.has(name) || (by !== undefined && isName(name) && name !== by)) continue;
    label[name] = name === 'value' ? labelValue(cell) : name === 'weight' ? Number(cell) : cell;
  }
  return label;
};
