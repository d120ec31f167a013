import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openSqliteLogReader } from '@hindcast/adapters/sqlite';
import { TOPICS } from '@hindcast/domain';

export interface ParseLoop {
  readonly records: number;
  readonly readMs: number;
  readonly parseMs: number;
}

const program = fileURLToPath(import.meta.url);
const run = promisify(execFile);

/** Reads every record of the log of a folder, and then parses the text of each as JSON, in a process that does nothing else. */
export const parseLoop = async (folder: string): Promise<ParseLoop> =>
  JSON.parse((await run(process.execPath, [program, folder])).stdout) as ParseLoop;

const measure = async (folder: string): Promise<ParseLoop> => {
  const log = openSqliteLogReader(folder);
  const read = async (each: (value: string) => unknown): Promise<number> => {
    const startedAt = performance.now();
    for (const { partition } of await log.bounds(TOPICS.predictions))
      for await (const page of log.read({ topic: TOPICS.predictions, partition, from: 0 }))
        for (const { value } of page) each(value);
    return performance.now() - startedAt;
  };
  let records = 0;
  const readMs = await read(() => {
    records += 1;
  });
  const parseMs = await read((value) => JSON.parse(value) as unknown);
  log.close();
  return { records, readMs, parseMs };
};

if (process.argv[1] === program) process.stdout.write(JSON.stringify(await measure(process.argv[2] ?? '')));
