import { openSqliteLogReader } from '@hindcast/adapters/sqlite';
import { TOPICS } from '@hindcast/domain';

export interface ParseLoop {
  readonly records: number;
  readonly readMs: number;
  readonly parseMs: number;
}

/** Milliseconds of reading every record of the log, and of parsing the text of each as JSON. */
export const parseLoop = async (folder: string): Promise<ParseLoop> => {
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
