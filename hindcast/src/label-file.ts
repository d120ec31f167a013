import { pipeline, type Readable } from 'node:stream';
import { counted } from '@hindcast/domain';
import { type CsvError, parse } from 'csv-parse';
import { CliFailure, usage } from './cli-failure.ts';
import { jsonMembers } from './json-members.ts';
import { isJson } from './label-value.ts';
import { linesOf, type UploadLine } from './upload-parts.ts';

/** What says which predictions a label is about; a file may have columns of more than one. */
export const LABEL_NAMES = ['id', 'referenceId', 'entity'] as const;
export type LabelName = (typeof LABEL_NAMES)[number];

const further = ['from', 'to', 'model', 'match', 'occurredAt', 'source', 'weight'] as const;
const columns: ReadonlySet<string> = new Set([...LABEL_NAMES, 'value', ...further]);

/**
 * Labels of a file as lines of NDJSON: CSV with a header where its name says so, else NDJSON. `refuse` is told of what
 * cannot be made one.
 */
export const labelLines = (
  source: Readable,
  path: string,
  by: LabelName | undefined,
  refuse: (line: number, detail: string) => void,
): AsyncGenerator<UploadLine> => (path.endsWith('.csv') ? csvLines(source, path, by, refuse) : jsonLines(source, by));

async function* jsonLines(source: Readable, by: LabelName | undefined): AsyncGenerator<UploadLine> {
  for await (const { text, line } of linesOf(source)) yield { text: by === undefined ? text : onlyBy(text, by), line };
}

/** A line that is no object goes as it is: the server says what is wrong with it. What stays keeps every digit. */
const onlyBy = (line: string, by: LabelName): string => {
  try {
    const label: unknown = JSON.parse(line);
    if (typeof label !== 'object' || label === null || Array.isArray(label)) return line;
    const names = Object.keys(label).filter((name) => name !== by && isName(name));
    if (names.length === 0) return line;
  } catch {
    return line;
  }
  const kept = jsonMembers(line).filter(({ name }) => name === by || !isName(name));
  return `{${kept.map(({ text }) => text).join(',')}}`;
};
const isName = (name: string): boolean => (LABEL_NAMES as readonly string[]).includes(name);

interface CsvRow {
  readonly record: Readonly<Record<string, string>>;
  /** `lines`: read so far, those in quoted cells too. */
  readonly info: { readonly lines: number; readonly columns: readonly unknown[]; readonly error?: CsvError };
}

async function* csvLines(
  source: Readable,
  path: string,
  by: LabelName | undefined,
  refuse: (line: number, detail: string) => void,
): AsyncGenerator<UploadLine> {
  const header = (found: string[]): string[] => {
    const fault = headerFault(found, by);
    if (fault !== undefined) throw usage(`${path}: ${fault}`);
    return found;
  };
  const form = { bom: true, skip_empty_lines: true, trim: true, relax_column_count: true, max_record_size: 65_536 };
  const rows = parse({ ...form, columns: header, info: true });
  // A failure of the source comes out of the parser, which is what is read.
  pipeline(source, rows, () => {});
  try {
    for await (const { record, info } of rows as AsyncIterable<CsvRow>) {
      const cells = (info.error?.['record'] as readonly string[] | undefined) ?? Object.values(record);
      const within = cells.join('').split('\n').length - 1;
      const line = info.lines - within;
      if (info.error)
        refuse(line, `It has ${counted(cells.length, 'cell')}, and the header has ${info.columns.length}.`);
      else yield { text: labelText(record, by), line };
    }
  } catch (error) {
    if (error instanceof CliFailure) throw error;
    throw usage(`${path} is not CSV: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Names that are told of a header. */
const toldMax = 12;

/** What a header lacks; undefined where nothing is. */
const headerFault = (found: readonly string[], by: LabelName | undefined): string | undefined => {
  const names = by === undefined ? LABEL_NAMES : [by];
  if (found.includes('value') && names.some((name) => found.includes(name))) return undefined;
  const told = found.slice(0, toldMax).join(', ') + (found.length > toldMax ? ', …' : '');
  const one = names.length === 1 ? `the column ${by}` : `one of the columns ${names.join(', ')}`;
  const other = found.length === 1 && /[;\t|]/.test(told) ? ' Cells must have commas between them.' : '';
  return `expected ${one}, and the column value (and, if need be, ${further.join(', ')}); its header has ${told}.${other}`;
};

/** Empty cells say nothing, and neither do columns that labels do not have. */
const labelText = (row: Readonly<Record<string, string>>, by: LabelName | undefined): string => {
  const members: string[] = [];
  for (const [name, cell] of Object.entries(row)) {
    if (cell === '' || !columns.has(name) || (by !== undefined && isName(name) && name !== by)) continue;
    members.push(`${JSON.stringify(name)}:${memberText(name, cell)}`);
  }
  return `{${members.join(',')}}`;
};

/** Numbers go as they are written: what a number cannot hold is refused by the server. */
const memberText = (name: string, cell: string): string => {
  if (name === 'weight') return Number.isFinite(Number(cell)) ? String(Number(cell)) : JSON.stringify(cell);
  return name === 'value' && isJson(cell) ? cell.replaceAll(/\s/g, ' ') : JSON.stringify(cell);
};
