import { createHash } from 'node:crypto';
import { openSqliteLogReader } from '@hindcast/adapters/sqlite';
import { TOPICS } from '@hindcast/domain';

const recordsOf = async (folder: string): Promise<readonly string[]> => {
  const log = openSqliteLogReader(folder);
  const values: string[] = [];
  for (const { partition } of await log.bounds(TOPICS.predictions))
    for await (const page of log.read({ topic: TOPICS.predictions, partition, from: 0 }))
      for (const { value } of page) values.push(value);
  log.close();
  return values;
};

/** The first half warms up. Answers the CPU time of all in µs, by that of the second half. */
const timed = <Item>(items: readonly Item[], work: (item: Item) => unknown): number => {
  const half = Math.floor(items.length / 2);
  for (const item of items.slice(0, half)) work(item);
  const before = process.cpuUsage();
  for (const item of items.slice(half)) work(item);
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * items.length) / (items.length - half);
};

/** The texts of all events, made of objects that are there, as bytes. */
export const stringifyAgain = async (folder: string): Promise<number> => {
  const events = (await recordsOf(folder)).map((value) => JSON.parse(value) as unknown);
  return timed(events, (event) => Buffer.from(JSON.stringify(event)));
};

/** The leaf of each event in the tree of the audit. */
export const hashAgain = async (folder: string): Promise<number> => {
  const bytes = (await recordsOf(folder)).map((value) => Buffer.from(value));
  return timed(bytes, (value) => createHash('sha256').update(value).digest());
};
