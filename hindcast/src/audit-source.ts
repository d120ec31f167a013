import {
  type AuditExportHead,
  LogError,
  parseAuditLine,
  type ReadableLog,
  type RecordedRecord,
  type Topic,
} from '@hindcast/domain';
import type { ApiClient } from './api-client.ts';
import { CliFailure } from './cli-failure.ts';
import { readLines } from './event-stream.ts';
import { replayTopics } from './replay-topic.ts';

/** Records of one page: what is held in memory. */
const pageRecordsMax = 500;

const nameOf = (topic: Topic): string => {
  const named = Object.entries(replayTopics).find(([, known]) => known === topic);
  if (!named) throw new RangeError(`The log has no topic ${topic}.`);
  return named[0];
};

/** The log of a running Hindcast, record by record as it is stored. */
export const serverLog = (client: ApiClient): ReadableLog => ({
  bounds: async (topic) => {
    const { logId, epoch, topics } = (await client.request('/v1/audit/log')).body as AuditExportHead;
    const found = topics.find((one) => one.topic === topic);
    if (!found) throw new RangeError(`The log has no topic ${topic}.`);
    return found.ends.map((end, partition) => ({ logId, epoch, partition, start: 0, end }));
  },
  read: async function* ({ topic, partition, from, to }) {
    const query = new URLSearchParams({ topic: nameOf(topic), partition: String(partition), from: String(from) });
    if (to !== undefined) query.set('to', String(to));
    let page: RecordedRecord[] = [];
    for await (const line of linesOf(client, `/v1/audit/records?${query}`)) {
      page.push(recordOf(line));
      if (page.length < pageRecordsMax) continue;
      yield page;
      page = [];
    }
    if (page.length > 0) yield page;
  },
});

/** A connection that breaks, or a server that refuses, says nothing about what the log holds. */
const away = (error: unknown): unknown =>
  error instanceof TypeError || error instanceof CliFailure
    ? new LogError('unavailable', `The log could not be read to its end: ${error.message}`, { cause: error })
    : error;

async function* linesOf(client: ApiClient, path: string): AsyncGenerator<string> {
  try {
    const { body } = await client.open(path, { headers: { accept: 'application/x-ndjson' } });
    if (body !== null) yield* readLines(body as AsyncIterable<Uint8Array>);
  } catch (error) {
    throw away(error);
  }
}

/** @throws LogError `damaged` where the server could not read what is stored there */
const recordOf = (line: string): RecordedRecord => {
  if (!line.startsWith('{"damaged":')) return parseAuditLine(line);
  throw new LogError('damaged', String((JSON.parse(line) as { damaged: unknown }).damaged));
};
