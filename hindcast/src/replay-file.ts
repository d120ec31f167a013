import { type FileHandle, open, readFile, rename } from 'node:fs/promises';
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
  /** The file was complete: what came since begins at `from`, if its last line still is the one with the cursor `behind`. */
  readonly next?: { readonly from: string; readonly behind: string };
}

export interface ReplayFile {
  /** What to read now: of a file that has lines what it was begun with, from behind the last of them. */
  readonly filter: ReplayFilter;
  /** The file was broken off: when what is missing has been read, there is what came since. */
  readonly brokenOff: boolean;
  write(text: string): Promise<void>;
  /** The file has everything before these positions. Durable when it resolves. */
  complete(end: string): Promise<void>;
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
    const begun = last === undefined ? query : await readQuery(path);
    if (begun.asked !== query.asked) throw otherQuery(path, begun, query);
    const behind = last === undefined ? undefined : cursorOf(last);
    const wasComplete = begun.next !== undefined && begun.next.behind === behind;
    const from = wasComplete ? begun.next?.from : (behind ?? begun.filter.from);
    // Before the first new line: if this run breaks off, its last line tells where, and not the end of the run before.
    await writeQuery(path, { asked: begun.asked, filter: begun.filter });
    return {
      filter: { ...begun.filter, from },
      brokenOff: behind !== undefined && !wasComplete,
      async complete(end) {
        await file.sync();
        const line = await lastLine(file, path);
        if (line === undefined) return;
        const next = { from: end, behind: cursorOf(line) };
        await writeQuery(path, { asked: begun.asked, filter: begun.filter, next });
      },
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
const writeQuery = async (path: string, query: ReplayFileQuery): Promise<void> => {
  const file = await openToWrite(`${queryPath(path)}.new`, 'w');
  await file.writeFile(`${JSON.stringify(query)}\n`);
  await file.sync();
  await file.close();
  await rename(`${queryPath(path)}.new`, queryPath(path));
};

const otherQuery = (path: string, begun: ReplayFileQuery, { asked }: ReplayFileQuery): CliFailure => {
  const named = (options: string) => (options === '' ? 'without a filter' : `with ${options}`);
  return refused(`${path} was begun ${named(begun.asked)}, and this would go on ${named(asked)}.`);
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
