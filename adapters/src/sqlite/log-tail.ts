import type { RecordedRecord } from '@hindcast/domain';

/** Bounds of what one partition keeps in memory for consumers that fall behind for a moment. */
export const tailRecordsMax = 8_192;
export const tailBytesMax = 16_777_216;
/** What a record takes beside its value: the decoded event and the objects around it, roughly. */
const recordOverheadBytes = 1_024;

/** The newest records of a partition, with their decoded events. */
export interface LogTail {
  push(records: readonly RecordedRecord[]): void;
  /** Forgets the records before this offset. */
  release(before: number): void;
  /** undefined where `from` is older than the tail. */
  fetch(from: number, max: number): readonly RecordedRecord[] | undefined;
}

const bytesOf = (record: RecordedRecord): number => record.value.length + recordOverheadBytes;

export const createLogTail = (): LogTail => {
  let records: RecordedRecord[] = [];
  let bytes = 0;

  /** Cuts to half of the bounds at once, so that the cost of moving the rest is spread over many appends. */
  const cut = (): void => {
    let keepFrom = records.length;
    let kept = 0;
    while (keepFrom > 0 && records.length - keepFrom < tailRecordsMax / 2) {
      const next = kept + bytesOf(records[keepFrom - 1] as RecordedRecord);
      if (next > tailBytesMax / 2) break;
      kept = next;
      keepFrom -= 1;
    }
    records = records.slice(keepFrom);
    bytes = kept;
  };

  return {
    push: (added) => {
      for (const record of added) {
        records.push(record);
        bytes += bytesOf(record);
      }
      if (records.length > tailRecordsMax || bytes > tailBytesMax) cut();
    },
    release: (before) => {
      const first = records[0];
      if (!first || before <= first.offset) return;
      const released = Math.min(before - first.offset, records.length);
      for (let i = 0; i < released; i++) bytes -= bytesOf(records[i] as RecordedRecord);
      records = records.slice(released);
    },
    fetch: (from, max) => {
      const first = records[0];
      if (!first || from < first.offset) return undefined;
      return records.slice(from - first.offset, from - first.offset + max);
    },
  };
};
