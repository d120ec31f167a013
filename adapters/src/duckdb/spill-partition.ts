import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { type DatasetCut, type ExtractionSource, readWhole } from '@hindcast/domain';
import { createGrowingList } from './growing-list.ts';
import { createJsonForms } from './json-forms.ts';
import { type LineFacts, openSpillFile, type SpillFile } from './spill-file.ts';
import { spillRecord } from './spill-line.ts';

export interface SpilledLines extends LineFacts {
  readonly path: string;
}

/** What records have left that stand together in a partition. */
export interface SpilledPiece {
  readonly requests: SpilledLines;
  /** What follows requests, and what cannot be read. */
  readonly answers: SpilledLines;
}

export interface SpilledPartition {
  readonly records: number;
  /** A value of each form, which lines name by its place. */
  readonly forms: { readonly input: readonly string[]; readonly output: readonly string[] };
}

export interface SpillTask {
  readonly folder: string;
  readonly topic: DatasetCut['topic'];
  readonly range: DatasetCut['ranges'][number];
  readonly model: string;
  readonly careful: boolean;
  /** Of both files of a piece. */
  readonly pieceBytes: number;
}

export interface Spill {
  /** All of them, each as soon as it is there. May be called again. */
  pieces(): AsyncIterable<SpilledPiece>;
  /** Resolves when all is read. */
  readonly whole: Promise<SpilledPartition>;
  /** Resolves when the next attempt will find it, also after the machine has lost its power. Nobody has to wait for that. */
  readonly kept: Promise<void>;
}

/** What is written when a partition is. */
interface Summary {
  readonly part: SpilledPartition;
  readonly facts: readonly PieceFacts[];
}

type PieceFacts = Readonly<Record<keyof SpilledPiece, LineFacts>>;

/**
 * In the name of every file, so that a program of another format neither reads nor writes over what this one has left: another
 * number for every change of what a line or the summary holds.
 */
const lineFormat = 'format-4';

/**
 * Copies a stretch of the log to where DuckDB can read it. What an earlier attempt had finished is taken as it is: its summary
 * is written last.
 */
export const spillPartition = (task: SpillTask, source: ExtractionSource, onPage: (records: number) => void): Spill => {
  const path = join(task.folder, `partition-${task.range.partition}${task.careful ? '-careful' : ''}-${lineFormat}`);
  const pieces = createGrowingList<SpilledPiece>();
  const keeping: Promise<void>[] = [];
  const facts: PieceFacts[] = [];
  const add = (of: PieceFacts): void => {
    const paths = pathsOf(path, facts.push(of));
    pieces.add({
      requests: { ...of.requests, path: paths.requests },
      answers: { ...of.answers, path: paths.answers },
    });
  };
  const end = async ({ requests, answers }: PieceFiles): Promise<void> => {
    const found = { requests: await requests.finish(), answers: await answers.finish() };
    const kept = Promise.all([requests.keep(), answers.keep()]).then(() => undefined);
    kept.catch(() => {});
    keeping.push(kept);
    add(found);
  };
  const spill = async (): Promise<SpilledPartition> => {
    const known = await readSummary(path);
    if (!known) return readPieces(task, source, { open: () => openPiece(path, facts.length + 1), end, onPage });
    for (const of of known.facts) add(of);
    onPage(known.part.records);
    return known.part;
  };
  const whole = spill();
  whole.then(pieces.end, pieces.fail);
  const keep = async (): Promise<void> => {
    const part = await whole;
    await Promise.all(keeping);
    if (keeping.length > 0) await writeSummary(path, { part, facts });
  };
  return { pieces: pieces.all, whole, kept: keep() };
};

interface PieceFiles {
  readonly requests: SpillFile;
  readonly answers: SpillFile;
}

const pathsOf = (path: string, place: number) => ({
  requests: `${path}-requests-${place}.tsv`,
  answers: `${path}-answers-${place}.tsv`,
});

const openPiece = async (path: string, place: number): Promise<PieceFiles> => {
  const paths = pathsOf(path, place);
  return { requests: await openSpillFile(paths.requests), answers: await openSpillFile(paths.answers) };
};

const readPieces = async (
  { topic, range, model, careful, pieceBytes }: SpillTask,
  { log, artifacts, versions }: ExtractionSource,
  {
    open,
    end,
    onPage,
  }: {
    readonly open: () => Promise<PieceFiles>;
    readonly end: (files: PieceFiles) => Promise<void>;
    readonly onPage: (records: number) => void;
  },
): Promise<SpilledPartition> => {
  const forms = { input: createJsonForms(), output: createJsonForms() };
  let files = await open();
  try {
    for await (const page of readWhole(log, topic, range)) {
      const options = { model, versions, artifacts, careful, forms, files };
      const { requests, answers } = files;
      for (const record of page) {
        const fetched = spillRecord(record, options);
        if (fetched) await fetched;
        if (requests.isFull()) await requests.flush();
        if (answers.isFull()) await answers.flush();
      }
      onPage(page.length);
      if (requests.bytes() + answers.bytes() < pieceBytes) continue;
      await end(files);
      files = await open();
    }
    await end(files);
  } catch (error) {
    await Promise.allSettled([files.requests.close(), files.answers.close()]);
    throw error;
  }
  return {
    records: range.to - range.from,
    forms: { input: forms.input.examples, output: forms.output.examples },
  };
};

const summaryOf = (path: string): string => `${path}-pieces.json`;

/** What cannot be read is made again. */
const readSummary = async (path: string): Promise<Summary | undefined> => {
  try {
    return JSON.parse(await readFile(summaryOf(path), 'utf8'));
  } catch {
    return undefined;
  }
};

const writeSummary = async (path: string, summary: Summary): Promise<void> => {
  const name = summaryOf(path);
  const handle = await open(`${name}.part`, 'w');
  try {
    await handle.writeFile(JSON.stringify(summary));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${name}.part`, name);
};
