import {
  decode,
  LogError,
  openingRecord,
  type PartitionBounds,
  partitionOf,
  type ReadableLog,
  type RecordedRecord,
  type Topic,
} from '@hindcast/domain';

export interface NewPartitions {
  readonly logId: string;
  readonly epoch: number;
  readonly partitions: number;
  readonly idFromText: (text: string) => string;
}

const pageRecords = 500;

/** Reads one partition, with the next record at hand. */
interface Reader {
  readonly partition: number;
  head: RecordedRecord | undefined;
  advance(): void | Promise<void>;
}

const openReader = async (
  log: ReadableLog,
  topic: Topic,
  { partition, start, end }: PartitionBounds,
): Promise<Reader> => {
  const pages = log.read({ topic, partition, from: start, to: end })[Symbol.asyncIterator]();
  let page: readonly RecordedRecord[] = [];
  let at = 0;
  const turn = async (): Promise<void> => {
    const { done, value } = await pages.next();
    page = done === true ? [] : value;
    at = 0;
    reader.head = page[0];
  };
  const reader: Reader = {
    partition,
    head: undefined,
    advance: () => {
      at += 1;
      reader.head = page[at];
      return reader.head === undefined ? turn() : undefined;
    },
  };
  await turn();
  return reader;
};

/** By log time, then partition, then offset: whoever merges the same partitions gets the same order. */
const earliest = (readers: readonly Reader[]): Reader | undefined => {
  let first: Reader | undefined;
  for (const reader of readers) {
    if (reader.head === undefined) continue;
    if (first?.head === undefined || reader.head.appendedAt < first.head.appendedAt) first = reader;
  }
  return first;
};

const isOpening = (record: RecordedRecord): boolean => {
  if ((record.headers['type'] ?? 'LogOpened') !== 'LogOpened') return false;
  const decoded = decode(record);
  return decoded.ok && decoded.event.type === 'LogOpened';
};

/**
 * The records of a topic on another number of partitions, each key where it belongs. Records of one key keep their order,
 * since they come from one partition, and the time of a partition never runs back, since it did in none of the sources.
 * The new partitions are opened at the time at which the old ones were.
 */
export async function* mergedRecords(
  log: ReadableLog,
  topic: Topic,
  sources: readonly PartitionBounds[],
  { logId, epoch, partitions, idFromText }: NewPartitions,
): AsyncGenerator<readonly RecordedRecord[]> {
  const readers: Reader[] = [];
  for (const source of sources) readers.push(await openReader(log, topic, source));
  const openedAt = earliest(readers)?.head?.appendedAt ?? 0;
  let page: RecordedRecord[] = [];
  for (let partition = 0; partition < partitions; partition++) {
    const id = idFromText(`LogOpened ${logId} ${epoch} ${topic} ${partition}`);
    const opening = openingRecord({ logId, epoch, partition, partitions, id, at: openedAt });
    const { key, value, headers } = opening;
    page.push({ key, value, headers, topic, partition, offset: 0, appendedAt: openedAt });
  }

  const nextOffset = new Array<number>(partitions).fill(1);
  for (let reader = earliest(readers); reader?.head !== undefined; reader = earliest(readers)) {
    const record = reader.head;
    if (partitionOf(record.key, sources.length) !== reader.partition) {
      throw new LogError(
        'foreign_log',
        `The record at offset ${record.offset} of partition ${reader.partition} of topic ${topic} is not where its key belongs, and no view took it in. On other partitions it would count: copy this log with its own number of partitions.`,
      );
    }
    if (!isOpening(record)) {
      const partition = partitionOf(record.key, partitions);
      const offset = nextOffset[partition] ?? 0;
      nextOffset[partition] = offset + 1;
      page.push({ ...record, partition, offset });
    }
    const turning = reader.advance();
    if (turning) await turning;
    if (page.length < pageRecords) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}
