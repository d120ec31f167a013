import { join } from 'node:path';
import Database from 'libsql';

/** Rows of a frame: its ends in the first, then a row for each partition. */
const slotsPerFrame = 4_096;
const lengthsBytes = 12;

/** A record of a row, as its bytes: lengths, key, headers, value. */
export type RawRecord = Buffer;
interface Row {
  readonly id: number;
  readonly first: number;
  readonly count: number;
  readonly body: Buffer;
}

const recordsOf = (body: Buffer): RawRecord[] => {
  const records: RawRecord[] = [];
  for (let at = 0; at < body.length; ) {
    const lengths = [0, 4, 8].map((place) => body.readUInt32LE(at + place));
    const end = at + lengthsBytes + lengths.reduce((sum, length) => sum + length, 0);
    records.push(body.subarray(at, end));
    at = end;
  }
  return records;
};

/** The log of a folder that nobody uses, in the hands of somebody who knows how it is stored. */
export const openLogFileToDamage = (folder: string, topic: string) => {
  const db = new Database(join(folder, 'log.db'));
  const [{ id } = { id: 0 }] = db.prepare('SELECT id FROM topics WHERE topic = ?').all([topic]) as { id: number }[];
  const table = `frames_${id}`;
  const inSlot = (slot: number): Row[] => {
    const sql = `SELECT id, first, count, body FROM ${table} WHERE id % ${slotsPerFrame} = ? ORDER BY id`;
    const rows = db.prepare(sql).raw().all([slot]) as [number, number, number, Buffer][];
    return rows.map(([id, first, count, body]) => ({ id, first, count, body }));
  };
  const rowsOf = (partition: number) => inSlot(partition + 1);
  const shiftEnds = (partition: number, from: number, by: number) => {
    for (const row of inSlot(0)) {
      if (row.id < from - (from % slotsPerFrame)) continue;
      const ends = JSON.parse(row.body.toString()) as number[];
      const body = Buffer.from(JSON.stringify(ends.with(partition, (ends[partition] ?? 0) + by)));
      db.prepare(`UPDATE ${table} SET body = ? WHERE id = ?`).run([body, row.id]);
    }
  };

  return {
    rowsOf,
    /** Puts other records in the place of those of a row, and renumbers all that follows, so that nothing has a gap. */
    rewrite(partition: number, row: Row, change: (records: RawRecord[]) => RawRecord[]) {
      const records = change(recordsOf(row.body));
      const by = records.length - row.count;
      db.prepare(`UPDATE ${table} SET body = ?, count = ? WHERE id = ?`).run([
        Buffer.concat(records),
        records.length,
        row.id,
      ]);
      for (const later of rowsOf(partition)) {
        if (later.id <= row.id || by === 0) continue;
        db.prepare(`UPDATE ${table} SET first = ? WHERE id = ?`).run([later.first + by, later.id]);
      }
      if (by !== 0) shiftEnds(partition, row.id, by);
    },
    /** Flips one bit in the middle of the value of a record. */
    flip(row: Row, at: number) {
      const records = recordsOf(row.body).map((record) => Buffer.from(record));
      const record = records[at];
      record?.writeUInt8(record.readUInt8(record.length - 3) ^ 1, record.length - 3);
      db.prepare(`UPDATE ${table} SET body = ? WHERE id = ?`).run([Buffer.concat(records), row.id]);
    },
    overwrite: (row: Row, body: Buffer) => db.prepare(`UPDATE ${table} SET body = ? WHERE id = ?`).run([body, row.id]),
    deleteRow: (row: Row) => db.prepare(`DELETE FROM ${table} WHERE id = ?`).run([row.id]),
    /** Takes away this frame and all that came after it. */
    truncate: (row: Row) => db.prepare(`DELETE FROM ${table} WHERE id >= ?`).run([row.id - (row.id % slotsPerFrame)]),
    close: () => {
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      db.close();
    },
  };
};
export type LogFileToDamage = ReturnType<typeof openLogFileToDamage>;
