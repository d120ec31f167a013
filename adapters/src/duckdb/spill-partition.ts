import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DatasetCut, type ExtractionSource, readWhole } from '@hindcast/domain';
import { createJsonForms } from './json-forms.ts';
import { openSpillFile, type SpillFile } from './spill-file.ts';
import { spillRecord } from './spill-line.ts';

export interface SpilledLines {
  readonly path: string;
  /** Of the longest line, in UTF-16 units. */
  readonly lineMax: number;
}

export interface SpilledPartition {
  readonly partition: number;
  readonly records: number;
  readonly requests: SpilledLines;
  /** What follows requests, and what cannot be read. */
  readonly answers: SpilledLines;
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
  const pathOf = (lines: 'requests' | 'answers') => join(folder, `${name}-${lines}.tsv`);
  const summary = join(folder, `${name}.json`);
  const known = await readFile(summary, 'utf8').catch(() => undefined);
  if (known !== undefined) {
    onPage(to - from);
    const { requests, answers, ...part } = JSON.parse(known) as SpilledPartition;
    const here = {
      requests: { ...requests, path: pathOf('requests') },
      answers: { ...answers, path: pathOf('answers') },
    };
    return { part: { ...part, ...here }, kept: Promise.resolve() };
  }
  const requests = await openSpillFile(pathOf('requests'));
  const answers = await openSpillFile(pathOf('answers'));
  const files = { requests, answers };
  const forms = { input: createJsonForms(), output: createJsonForms() };
  const options = { model, artifacts, careful, forms, files };
  try {
    for await (const page of readWhole(log, topic, range)) {
      for (const record of page) {
        const fetched = spillRecord(record, options);
        if (fetched) await fetched;
        if (requests.isFull()) await requests.flush();
        if (answers.isFull()) await answers.flush();
      }
      onPage(page.length);
    }
    const part: SpilledPartition = {
      ...{ partition, records: to - from },
      requests: { path: pathOf('requests'), lineMax: await requests.finish() },
      answers: { path: pathOf('answers'), lineMax: await answers.finish() },
      forms: { input: forms.input.examples, output: forms.output.examples },
    };
    return { part, kept: keep([requests, answers], summary, part) };
  } catch (error) {
    await Promise.all([requests.close(), answers.close()]);
    throw error;
  }
};

const keep = async (files: readonly SpillFile[], summary: string, part: SpilledPartition): Promise<void> => {
  await Promise.all(files.map((file) => file.keep()));
  await writeFile(`${summary}.part`, JSON.stringify(part));
  await rename(`${summary}.part`, summary);
};
