import { type FileHandle, open, readFile } from 'node:fs/promises';
import { CliFailure, EXIT, failed } from './cli-failure.ts';
import { cursorOf, type ReplayFilter } from './replay-source.ts';

/** More than the longest line: a record of 1 MiB, escaped in the worst way, and its head. */
const tailBytesMax = 8_388_608;
const newline = 10;

/** What a file is of. It stands in a file beside it, `<file>.query`: the lines themselves are data and nothing else. */
export interface ReplayFileQuery {
  /** The options that decide about the lines, as they were given. */
  readonly asked: string;
  /** What they meant when the file was begun: `--since 24h` is another time an hour later. */
  readonly filter: ReplayFilter;
}

export interface ReplayFile {
  /** What to read now: of a file that has lines what it was begun with, from behind the last of them. */
  readonly filter: ReplayFilter;
  write(text: string): Promise<void>;
  /** Durable when it resolves. */
  close(): Promise<void>;
}

/**
 * Opens a file to append to. What a broken run left of a half-written line is cut off.
 * @throws CliFailure `usage` where the file has lines of another query, or of nobody knows which
 */
export const openReplayFile = async (path: string, query: ReplayFileQuery): Promise<ReplayFile> => {
  const file = await openToWrite(path, 'a+');
  try {
    const last = await lastLine(file, path);
    const filter = last === undefined ? await begin(path, query) : await goOn(path, query, cursorOf(last));
    return {
      filter,
      write: (text) => file.appendFile(text),
      close: async () => {
        await file.sync();
        await file.close();
      },
    };
  } catch (error) {
    await file.close();
    throw error;
  }
};

const openToWrite = (path: string, flags: string): Promise<FileHandle> =>
  open(path, flags).catch((error: unknown) => {
    throw failed(`${path} cannot be written: ${error instanceof Error ? error.message : String(error)}`, error);
  });

const queryPath = (path: string): string => `${path}.query`;

/** Durable before the first line is written: lines without it could not be gone on with. */
const begin = async (path: string, query: ReplayFileQuery): Promise<ReplayFilter> => {
  const file = await openToWrite(queryPath(path), 'w');
  await file.writeFile(`${JSON.stringify(query)}\n`);
  await file.sync();
  await file.close();
  return query.filter;
};

const goOn = async (path: string, { asked }: ReplayFileQuery, from: string): Promise<ReplayFilter> => {
  const begun = await readQuery(path);
  if (begun.asked === asked) return { ...begun.filter, from };
  const named = (options: string) => (options === '' ? 'without a filter' : `with ${options}`);
  throw refused(`${path} was begun ${named(begun.asked)}, and this would go on ${named(asked)}.`);
};

const readQuery = async (path: string): Promise<ReplayFileQuery> => {
  try {
    const query = JSON.parse(await readFile(queryPath(path), 'utf8')) as Partial<ReplayFileQuery> | null;
    if (typeof query?.asked === 'string' && typeof query.filter === 'object') return query as ReplayFileQuery;
  } catch (error) {
    const isMissing = (error as { code?: unknown }).code === 'ENOENT';
    const why = isMissing ? 'is missing' : `cannot be read: ${String(error)}`;
    throw refused(`${path} has lines, but ${queryPath(path)}, which says of what, ${why}.`);
  }
  throw refused(`${queryPath(path)} does not say what ${path} is of.`);
};

const refused = (why: string): CliFailure =>
  new CliFailure(EXIT.usage, `${why} Together they would have holes: write to another file, or remove this one.`);

const lastLine = async (file: FileHandle, path: string): Promise<string | undefined> => {
  const { size } = await file.stat();
  const from = Math.max(0, size - tailBytesMax);
  const tail = Buffer.alloc(size - from);
  await file.read(tail, 0, tail.length, from);
  const end = tail.lastIndexOf(newline);
  if (end < 0 && from > 0) throw failed(`${path} does not end in lines of a replay.`);
  if (end + 1 < tail.length) await file.truncate(from + end + 1);
  if (end < 0) return undefined;
  const start = end === 0 ? 0 : tail.lastIndexOf(newline, end - 1) + 1;
  return tail.toString('utf8', start, end);
};
