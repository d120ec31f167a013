import type { RecordedRecord } from '@hindcast/domain';
import { damagedAt, decodeChunk } from './log-chunk.ts';
import type { LogDatabase, TopicTable } from './log-file.ts';

/**
 * A frame is what one flush wrote to one topic: neighbouring rows, so that a flush touches few pages however many
 * partitions it touches. Slot 0 says where every partition ends behind it; slot p + 1 holds the records of partition p.
 * Frames are numbered from 0 without gaps.
 */
const slotsPerFrame = 4_096;
export const partitionsMax = slotsPerFrame - 1;

export const endsRowId = (seq: number): number => seq * slotsPerFrame;
export const chunkRowId = (seq: number, partition: number): number => seq * slotsPerFrame + partition + 1;
export const frameOfRow = (id: number): number => Math.floor(id / slotsPerFrame);

const isEnd = (one: unknown): boolean => Number.isSafeInteger(one) && Number(one) >= 0;

/** Of a row of ends: the end of each partition. undefined where it is damaged. */
export const endsIn = (body: Buffer, { partitions }: Pick<TopicTable, 'partitions'>): number[] | undefined => {
  try {
    const ends: unknown = JSON.parse(body.toString());
    return Array.isArray(ends) && ends.length === partitions && ends.every(isEnd) ? ends : undefined;
  } catch {
    return undefined;
  }
};

/** Frames that one query asks for at most. */
const framesPerQueryMax = 32;
/** Bytes after which a page ends, although it could take more records. */
const pageBytesMax = 4_194_304;
/** Records of one page of `read`. */
export const readPageRecordsMax = 500;
/** Read positions whose frame is remembered, so that reading on needs no search. */
const bookmarksMax = 256;

export interface FrameReader {
  /** Records of the partition from offset `from`: at least one where `from` is before the end, at most `max`. */
  fetch(partition: number, from: number, max: number): RecordedRecord[];
}

type ChunkRow = [id: number, at: number, first: number, count: number, body: Buffer];

/** Reads records from the file in bounded pages: no cursor stays open between two calls. */
export const createFrameReader = (
  db: LogDatabase,
  of: TopicTable,
  /** How many frames this reader shall know of. */
  frames: () => number,
): FrameReader => {
  const { topic, table } = of;
  const ids = new Array(framesPerQueryMax).fill('?').join(', ');
  const chunks = db.prepare(`SELECT id, at, first, count, body FROM ${table} WHERE id IN (${ids}) ORDER BY id`).raw();
  const ends = db.prepare(`SELECT body FROM ${table} WHERE id = ?`).raw();
  const bookmarks = new Map<string, number>();

  const endAfter = (seq: number, partition: number, wanted: number): number => {
    const [row] = ends.all([endsRowId(seq)]) as [Buffer][];
    if (!row) return 0;
    const found = endsIn(row[0], of);
    if (!found) throw damagedAt(topic, partition, wanted);
    return found[partition] ?? 0;
  };

  /** The frame that holds the offset: the first one behind which the partition has it. */
  const search = (partition: number, offset: number): number => {
    let low = 0;
    let high = frames();
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (endAfter(middle, partition, offset) > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  };

  /** What a frame has had of a partition lately: where that is much, more frames at once would be read in vain. */
  const density = new Map<number, { readonly records: number; readonly bytes: number }>();

  const chunksFrom = (seq: number, partition: number, room: { readonly records: number; readonly bytes: number }) => {
    const { records, bytes } = density.get(partition) ?? room;
    const frames = Math.ceil(Math.min(framesPerQueryMax, room.records / records, room.bytes / bytes));
    // The other ids are null, which no row has.
    const asked = Array.from({ length: framesPerQueryMax }, (_, i) =>
      i < frames ? chunkRowId(seq + i, partition) : null,
    );
    const rows = chunks.all(asked) as ChunkRow[];
    const sum = (of: (row: ChunkRow) => number) =>
      Math.max(
        1,
        rows.reduce((all, row) => all + of(row), 0),
      );
    density.set(partition, { records: sum((row) => row[3]) / frames, bytes: sum((row) => row[4].length) / frames });
    return { rows, next: seq + frames };
  };

  /** The last row that a page did not use up: the next page goes on in it. */
  let held: { readonly partition: number; readonly row: ChunkRow } | undefined;
  const heldAt = (partition: number, from: number): ChunkRow | undefined => {
    if (held?.partition !== partition) return undefined;
    const [, , first, count] = held.row;
    return first <= from && from < first + count ? held.row : undefined;
  };

  return {
    fetch: (partition, from, max) => {
      const records: RecordedRecord[] = [];
      let bytes = 0;
      let seq = 0;
      /** Whether the page has room for more. */
      const take = (row: ChunkRow): boolean => {
        const [id, at, first, count, body] = row;
        const wanted = from + records.length;
        if (first + count <= wanted) return true;
        if (first > wanted) throw damagedAt(topic, partition, wanted);
        const chunk = { at, first, count, body };
        decodeChunk(topic, partition, chunk, { from: wanted, max: max - records.length, into: records });
        bytes += body.length;
        const isUsedUp = from + records.length >= first + count;
        seq = frameOfRow(id) + (isUsedUp ? 1 : 0);
        held = isUsedUp ? undefined : { partition, row };
        return records.length < max && bytes < pageBytesMax;
      };
      const rest = heldAt(partition, from);
      let hasRoom = rest ? take(rest) : true;
      if (!rest) seq = bookmarks.get(`${partition}:${from}`) ?? search(partition, from);
      while (hasRoom && seq < frames()) {
        const { rows, next } = chunksFrom(seq, partition, {
          records: max - records.length,
          bytes: pageBytesMax - bytes,
        });
        hasRoom = rows.every(take);
        if (hasRoom) seq = next;
        if (records.length > 0 && rows.length === 0) break;
        if (rows.length > 0) continue;
        const found = search(partition, from);
        if (found < seq) throw damagedAt(topic, partition, from);
        seq = found;
      }
      if (records.length === 0 && search(partition, from) < frames()) throw damagedAt(topic, partition, from);
      if (bookmarks.size >= bookmarksMax) bookmarks.clear();
      bookmarks.set(`${partition}:${from + records.length}`, Math.min(seq, frames()));
      return records;
    },
  };
};
