import {
  type AppendOutcome,
  LogError,
  type NewRecord,
  partitionOf,
  refusalOf,
  type Topic,
  wellFormed,
} from '@hindcast/domain';
import type { KafkaLogBounds } from './event-log-options.ts';

/** Kafka's own bytes around a record, and those of its headers, which are few and short. */
const recordOverheadBytes = 256;

interface AppendCall {
  readonly outcomes: AppendOutcome[];
  left: number;
  readonly done: (outcomes: AppendOutcome[]) => void;
}

/** A record that waits for its acknowledgement. */
export interface QueuedRecord {
  readonly record: NewRecord;
  readonly bytes: number;
  /** On the clock of `performance.now()`: after that it is not sent any more. */
  readonly expiresAt: number;
  readonly call: AppendCall;
  readonly index: number;
}

/** The records of one partition, in their order. */
export interface AppendLane {
  readonly topic: Topic;
  readonly partition: number;
  /** Those that are being sent stay in front until their outcome is known. */
  queued: QueuedRecord[];
  sending: number;
  /** Where the partition was known to end when they were sent. */
  endThen: number;
  failures: number;
  /** On the clock of `performance.now()`. */
  notBefore: number;
  /** Sent by itself, so that what Kafka refuses in it is not blamed on others. */
  alone: boolean;
}

export interface AppendQueue {
  readonly lanes: readonly AppendLane[];
  append(topic: Topic, records: readonly NewRecord[]): Promise<AppendOutcome[]>;
  /** Takes the first `count` records of a lane out, and answers whoever appended them. */
  settle(lane: AppendLane, count: number, outcome: (index: number) => AppendOutcome): void;
  waiting(): number;
}

type QueueBounds = Pick<KafkaLogBounds, 'queueRecordsMax' | 'queueBytesMax' | 'appendTimeoutMs'>;

/** Records between `append` and their outcome, by partition. */
export const createAppendQueue = (
  partitions: ReadonlyMap<Topic, number>,
  bounds: QueueBounds,
  onAppended: () => void,
): AppendQueue => {
  const byTopic = new Map<Topic, AppendLane[]>();
  for (const [topic, count] of partitions) {
    const lane = (_: unknown, partition: number): AppendLane => ({
      topic,
      partition,
      queued: [],
      sending: 0,
      endThen: 0,
      failures: 0,
      notBefore: 0,
      alone: false,
    });
    byTopic.set(topic, Array.from({ length: count }, lane));
  }
  let waitingRecords = 0;
  let waitingBytes = 0;

  const answer = ({ call, index }: Pick<QueuedRecord, 'call' | 'index'>, outcome: AppendOutcome): void => {
    call.outcomes[index] = outcome;
    call.left -= 1;
    if (call.left === 0) call.done(call.outcomes);
  };

  const enqueue = (lanes: readonly AppendLane[], call: AppendCall, index: number, given: NewRecord): void => {
    const refusal = refusalOf(given);
    if (refusal) {
      answer({ call, index }, { ok: false, error: refusal });
      return;
    }
    const record = wellFormed(given);
    const bytes = Buffer.byteLength(record.value) + Buffer.byteLength(record.key) + recordOverheadBytes;
    const expiresAt = performance.now() + bounds.appendTimeoutMs;
    lanes[partitionOf(record.key, lanes.length)]?.queued.push({ record, bytes, expiresAt, call, index });
    waitingRecords += 1;
    waitingBytes += bytes;
  };

  const append = (topic: Topic, records: readonly NewRecord[]): Promise<AppendOutcome[]> => {
    const lanes = byTopic.get(topic);
    if (!lanes) throw new RangeError(`The log has no topic ${topic}.`);
    if (records.length === 0) return Promise.resolve([]);
    const over = waitingRecords + records.length > bounds.queueRecordsMax || waitingBytes > bounds.queueBytesMax;
    if (over && waitingRecords > 0) {
      const error = new LogError('unavailable', 'Too much is waiting to be written to the log: try again.');
      return Promise.resolve(records.map(() => ({ ok: false, error })));
    }
    return new Promise((done) => {
      const call: AppendCall = { outcomes: new Array(records.length), left: records.length, done };
      for (const [index, record] of records.entries()) enqueue(lanes, call, index, record);
      onAppended();
    });
  };

  return {
    lanes: [...byTopic.values()].flat(),
    append,
    settle: (lane, count, outcome) => {
      for (const [index, queued] of lane.queued.splice(0, count).entries()) {
        waitingRecords -= 1;
        waitingBytes -= queued.bytes;
        answer(queued, outcome(index));
      }
    },
    waiting: () => waitingRecords,
  };
};
