import { join } from 'node:path';
import { type DatasetCut, type ExtractionSource, readWhole } from '@hindcast/domain';
import { keepJson, readKeptJson } from '../files/index.ts';
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
  /** Of both files of a large piece. */
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

/** Of the pieces that are kept, written when another one is: `part` is what they have of the partition, from its beginning. */
interface Summary {
  readonly part: SpilledPartition;
  readonly facts: readonly PieceFacts[];
}

type PieceFacts = Readonly<Record<keyof SpilledPiece, LineFacts>>;

/** Of the first piece that an attempt reads of a partition, each next one being twice as large: one that is killed soon has kept something. */
const firstPieceBytes = 1_048_576;

/**
 * In the name of every file, so that a program of another format neither reads nor writes over what this one has left: another
 * number for every change of what a line or the summary holds.
 */
export const lineFormat = 'format-6';

/** How many records of the partition earlier attempts have put aside. */
export const recordsSpilled = async (task: SpillTask): Promise<number> =>
  (await readSummary(pathOf(task)))?.part.records ?? 0;

/**
 * Copies a stretch of the log to where DuckDB can read it. Pieces that an earlier attempt had finished are taken as they are, and
 * reading goes on behind them.
 */
export const spillPartition = (task: SpillTask, source: ExtractionSource, onPage: (records: number) => void): Spill => {
  const path = pathOf(task);
  const pieces = createGrowingList<SpilledPiece>();
  let keeping = Promise.resolve();
  const facts: PieceFacts[] = [];
  const add = (of: PieceFacts): void => {
    const paths = pathsOf(path, facts.push(of));
    pieces.add({
      requests: { ...of.requests, path: paths.requests },
      answers: { ...of.answers, path: paths.answers },
    });
  };
  const end = async ({ requests, answers }: PieceFiles, part: SpilledPartition): Promise<void> => {
    add({ requests: await requests.finish(), answers: await answers.finish() });
    const summary = { part, facts: [...facts] };
    const kept = Promise.all([keeping, requests.keep(), answers.keep()]);
    keeping = kept.then(() => writeSummary(path, summary));
    keeping.catch(() => {});
  };
  const spill = async (): Promise<SpilledPartition> => {
    const known = await readSummary(path);
    for (const of of known?.facts ?? []) add(of);
    if (known) onPage(known.part.records);
    return readPieces(task, source, known?.part, {
      open: () => openPiece(path, facts.length + 1),
      end,
      onPage,
    });
  };
  const whole = spill();
  whole.then(pieces.end, pieces.fail);
  const keep = async (): Promise<void> => {
    try {
      await whole;
    } finally {
      // Nothing is written here any more when it ends, however it ends.
      await keeping;
    }
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
  known: SpilledPartition | undefined,
  {
    open,
    end,
    onPage,
  }: {
    readonly open: () => Promise<PieceFiles>;
    readonly end: (files: PieceFiles, part: SpilledPartition) => Promise<void>;
    readonly onPage: (records: number) => void;
  },
): Promise<SpilledPartition> => {
  const forms = { input: createJsonForms(known?.forms.input), output: createJsonForms(known?.forms.output) };
  let records = known?.records ?? 0;
  const partSoFar = (): SpilledPartition => ({
    records,
    forms: { input: [...forms.input.examples], output: [...forms.output.examples] },
  });
  const rest = { ...range, from: range.from + records };
  if (known && rest.from === rest.to) return known;
  let files = await open();
  let bytesMax = Math.min(pieceBytes, firstPieceBytes);
  try {
    for await (const page of readWhole(log, topic, rest)) {
      const options = { model, versions, artifacts, careful, forms, files };
      const { requests, answers } = files;
      for (const record of page) {
        const fetched = spillRecord(record, options);
        if (fetched) await fetched;
        if (requests.isFull()) await requests.flush();
        if (answers.isFull()) await answers.flush();
      }
      records += page.length;
      onPage(page.length);
      if (requests.bytes() + answers.bytes() < bytesMax) continue;
      bytesMax = Math.min(pieceBytes, 2 * bytesMax);
      await end(files, partSoFar());
      files = await open();
    }
    await end(files, partSoFar());
  } catch (error) {
    await Promise.allSettled([files.requests.close(), files.answers.close()]);
    throw error;
  }
  return partSoFar();
};

const pathOf = ({ folder, range, careful }: SpillTask): string =>
  join(folder, `partition-${range.partition}${careful ? '-careful' : ''}-${lineFormat}`);

const summaryOf = (path: string): string => `${path}-pieces.json`;

/** What cannot be read is made again. */
const readSummary = async (path: string) => (await readKeptJson(summaryOf(path))) as Summary | undefined;
const writeSummary = (path: string, summary: Summary) => keepJson(summaryOf(path), summary);
