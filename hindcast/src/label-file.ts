import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { pipeline, type Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { usage } from './cli-failure.ts';
import { labelValue } from './label-value.ts';
import { unreadable } from './read-input.ts';

/** What says which predictions a label is about; a file may have columns of more than one. */
export const LABEL_NAMES = ['id', 'referenceId', 'entity'] as const;
export type LabelName = (typeof LABEL_NAMES)[number];

const columns: ReadonlySet<string> = new Set([
  ...LABEL_NAMES,
  ...['from', 'to', 'model', 'match', 'value', 'occurredAt', 'source', 'weight'],
]);
/** Sent together: enough to be quick, few enough for progress to move. */
const partLinesMax = 1_000;
const partCharsMax = 1_048_576;

/** Lines of NDJSON that are sent together. The same part has the same key, whenever and however often it is sent. */
export interface LabelPart {
  readonly text: string;
  /** Number of its first line in the file, counted from 1. */
  readonly firstLine: number;
  readonly key: string;
  readonly bytesRead: number;
}

export interface LabelFile {
  readonly bytes: number | undefined;
  parts(): AsyncIterable<LabelPart>;
}

/** Labels of a file: CSV with a header where its name says so, else NDJSON; `-` is stdin. */
export const openLabelFile = async (path: string, stdin: Readable, by: LabelName | undefined): Promise<LabelFile> => {
  const bytes = path === '-' ? undefined : await sizeOf(path);
  let bytesRead = 0;
  const source = path === '-' ? stdin : createReadStream(path);
  source.on('data', (chunk: Buffer | string) => {
    bytesRead += chunk.length;
  });
  source.pause();
  const lines = path.endsWith('.csv') ? csvLines(source, path, by) : jsonLines(source, by);
  return {
    bytes,
    async *parts() {
      let text = '';
      let [line, firstLine, count] = [0, 1, 0];
      const part = (): LabelPart => ({
        ...{ text, firstLine, bytesRead },
        key: `labels-${createHash('sha256').update(text).digest('hex')}`,
      });
      for await (const one of lines) {
        line += 1;
        text += `${one}\n`;
        count += 1;
        if (count < partLinesMax && text.length < partCharsMax) continue;
        yield part();
        [text, firstLine, count] = ['', line + 1, 0];
      }
      if (text !== '') yield part();
    },
  };
};

const sizeOf = async (path: string): Promise<number> => {
  try {
    const found = await stat(path);
    if (found.isDirectory()) throw Object.assign(new Error(path), { code: 'EISDIR' });
    return found.size;
  } catch (error) {
    throw unreadable(path, error);
  }
};

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
