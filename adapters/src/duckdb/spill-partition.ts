import { type FileHandle, open, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DatasetCut, type ExtractionSource, readWhole } from '@hindcast/domain';
import { createJsonForms } from './json-forms.ts';
import { spillLine } from './spill-line.ts';

/** Bytes that are gathered before they are written. */
const chunkBytes = 1_048_576;
const utf8BytesPerUnitMax = 3;

export interface SpilledPartition {
  readonly partition: number;
  readonly path: string;
  readonly records: number;
  /** Longest line, in UTF-16 units. */
  readonly lineMax: number;
  /** A value of each form, which lines name by its place. */
  readonly forms: { readonly input: readonly string[]; readonly output: readonly string[] };
}

export interface SpillTask {
  readonly folder: string;
  readonly topic: DatasetCut['topic'];
  readonly range: DatasetCut['ranges'][number];
  readonly model: string;
  readonly careful: boolean;
}

export interface Spilled {
  readonly part: SpilledPartition;
  /** Resolves when the next attempt will find it, also after the machine has lost its power. Nobody has to wait for that. */
  readonly kept: Promise<void>;
}

/**
 * Copies a stretch of the log to where DuckDB can read it. What an earlier attempt had finished is taken as it is: its summary
 * is written last.
 */
export const spillPartition = async (
  { folder, topic, range, model, careful }: SpillTask,
  { log, artifacts }: ExtractionSource,
  onPage: (records: number) => void,
): Promise<Spilled> => {
  const { partition, from, to } = range;
  const name = `partition-${partition}${careful ? '-careful' : ''}`;
  const path = join(folder, `${name}.tsv`);
  const summary = join(folder, `${name}.json`);
  const known = await readFile(summary, 'utf8').catch(() => undefined);
  if (known !== undefined) {
    onPage(to - from);
    return { part: { ...(JSON.parse(known) as SpilledPartition), path }, kept: Promise.resolve() };
  }
  const handle = await open(path, 'w');
  const forms = { input: createJsonForms(), output: createJsonForms() };
  const options = { model, artifacts, careful, forms };
  let chunk = Buffer.allocUnsafe(chunkBytes);
  let filled = 0;
  let lineMax = 0;
  const flush = async (): Promise<void> => {
    await handle.writeFile(chunk.subarray(0, filled));
    filled = 0;
  };
  try {
    for await (const page of readWhole(log, topic, range)) {
      for (const record of page) {
        const line = spillLine(record, options);
        const text = typeof line === 'object' ? await line : line;
        if (text === undefined) continue;
        lineMax = Math.max(lineMax, text.length);
        const bytesMax = text.length * utf8BytesPerUnitMax;
        if (filled + bytesMax > chunk.length) await flush();
        if (bytesMax > chunk.length) chunk = Buffer.allocUnsafe(bytesMax);
        filled += chunk.write(text, filled);
      }
      onPage(page.length);
    }
    await flush();
  } catch (error) {
    await handle.close();
    throw error;
  }
  const examples = { input: forms.input.examples, output: forms.output.examples };
  const part: SpilledPartition = { partition, path, records: to - from, lineMax, forms: examples };
  return { part, kept: keep(handle, summary, part) };
};

const keep = async (handle: FileHandle, summary: string, part: SpilledPartition): Promise<void> => {
  await handle.sync().finally(() => handle.close());
  await writeFile(`${summary}.part`, JSON.stringify(part));
  await rename(`${summary}.part`, summary);
};
