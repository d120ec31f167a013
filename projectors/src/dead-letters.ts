import { type EventLog, type NewRecord, type RecordedRecord, TOPICS } from '@hindcast/domain';

export type DeadLetterReason = 'undecodable' | 'wrong_topic' | 'wrong_partition' | 'fold_failed' | 'key_parked';

export interface DeadLetter {
  readonly record: RecordedRecord;
  readonly reason: DeadLetterReason;
  readonly detail: string;
}

/** Where records go that cannot be folded. Durable when it resolves; a retry may store one twice. */
export interface DeadLetters {
  append(letters: readonly DeadLetter[]): Promise<void>;
}

/** For a generation that is being built beside the live one, whose projector has stored the dead letters already. */
export const noDeadLetters: DeadLetters = { append: async () => {} };

const detailCharactersMax = 1_024;

/** Appends the original key, value and headers, and says in headers of its own where they were and what is wrong. */
export const createDeadLetters = (log: EventLog, projection: string): DeadLetters => {
  const store = async (records: readonly NewRecord[]): Promise<readonly NewRecord[]> => {
    const outcomes = await log.append(TOPICS.deadLetters, records);
    const tooLarge: NewRecord[] = [];
    for (const [i, outcome] of outcomes.entries()) {
      if (outcome.ok) continue;
      const record = records[i];
      if (outcome.error.code !== 'record_too_large' || record === undefined || record.value === '') throw outcome.error;
      tooLarge.push(record);
    }
    return tooLarge;
  };

  return {
    async append(letters) {
      if (letters.length === 0) return;
      const tooLarge = await store(letters.map((letter) => letterRecord(letter, projection)));
      // With its own headers the record no longer fits: its coordinates say where the original value is.
      if (tooLarge.length > 0) await store(tooLarge.map((record) => ({ ...record, value: '' })));
    },
  };
};

const letterRecord = ({ record, reason, detail }: DeadLetter, projection: string): NewRecord => ({
  key: record.key,
  value: record.value,
  headers: {
    ...record.headers,
    'dead-projection': projection,
    'dead-topic': record.topic,
    'dead-partition': String(record.partition),
    'dead-offset': String(record.offset),
    'dead-appended-at': String(record.appendedAt),
    'dead-reason': reason,
    'dead-detail': detail.slice(0, detailCharactersMax),
  },
});
