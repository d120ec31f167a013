import {
  type EventLog,
  importedPool,
  type Logger,
  type RecordBatch,
  type TerminalStatus,
  TOPICS,
} from '@hindcast/domain';
import { createOpenSet, type OpenEntry, type OpenSet, type PayloadBudget } from './open-set.ts';
import { type IntakeFilter, predictionEventOf, takeRecord, takeRecordAhead } from './record-intake.ts';

/** One assigned partition: its open set, and how far it must be read before anything of it may run. */
export interface PartitionDesk<Work> {
  readonly set: OpenSet<Work>;
  /** Everything that the partition held when it was assigned is folded: work may start. */
  readonly ready: boolean;
  paused: boolean;
  take(batch: RecordBatch): void;
  /**
   * For a set that is full: reads on to `end` without filing more, so that ends and attempts of what is filed are known,
   * and attempts of what will be filed later. False where the log could not be read.
   */
  lookAhead(end: number): Promise<boolean>;
  readonly endAtAssignment: number;
  close(): void;
}

/** Requests beyond a full set whose attempts are remembered. */
const attemptsAheadMax = 100_000;

export interface DeskOptions<Work> {
  readonly partition: number;
  readonly next: number;
  /** End of the partition when it was assigned. */
  readonly endAtAssignment: number;
  readonly filter: IntakeFilter;
  /** undefined: inputs are not kept. */
  readonly payloads: PayloadBudget | undefined;
  readonly log: EventLog;
  readonly logger: Logger | undefined;
  /** A prediction may be worked on now. `recovered`: its request was in the log when the partition was assigned. */
  readonly onReady: (entry: OpenEntry<Work>, recovered: boolean) => void;
  readonly onOpened: (entry: OpenEntry<Work>) => void;
  readonly onClosed: (entry: OpenEntry<Work>) => void;
  /**
   * It has ended in the log since the partition was assigned, and never twice: who had the partition before has told of
   * earlier ends. Imports have no end of their own time, and are not told of.
   */
  readonly onEnded?: ((entry: OpenEntry<Work>, outcome: TerminalStatus) => void) | undefined;
}

export const createPartitionDesk = <Work>(options: DeskOptions<Work>): PartitionDesk<Work> => {
  const { partition, next, endAtAssignment, filter, log, logger, onReady, onOpened, onClosed } = options;
  const set = createOpenSet<Work>({
    ...{ partition, next, payloads: options.payloads, onClosed },
    onEnded(entry, outcome, offset) {
      if (offset >= endAtAssignment && entry.fold.request.pool !== importedPool) options.onEnded?.(entry, outcome);
    },
  });
  const attemptsAhead = new Map<string, number>();
  let ready = next >= endAtAssignment;
  /** First offset that no look ahead has seen. */
  let aheadNext = 0;
  let lookingAhead = false;
  let closed = false;

  const becomeReady = () => {
    if (ready || closed) return;
    ready = true;
    for (const entry of set.entries()) if (entry.phase === 'open') onReady(entry, true);
  };
  const opened = (entry: OpenEntry<Work>) => {
    onOpened(entry);
    // Its end may lie in what was looked at before it was filed.
    aheadNext = 0;
    const { eventId } = entry.fold.request;
    if (attemptsAhead.size > 0) {
      entry.attempts = attemptsAhead.get(eventId) ?? 0;
      attemptsAhead.delete(eventId);
    }
    if (ready) onReady(entry, entry.offset < endAtAssignment);
  };

  const readAhead = async (to: number) => {
    aheadNext = Math.max(set.next, aheadNext);
    for await (const page of log.read({ topic: TOPICS.predictions, partition, from: aheadNext, to })) {
      if (closed) return;
      aheadNext += page.length;
      for (const record of page) {
        takeRecordAhead(set, record);
        if (record.headers['type'] !== 'PredictionAttemptStarted' || set.get(record.key)) continue;
        const event = predictionEventOf(record);
        if (event?.type !== 'PredictionAttemptStarted' || event.causationid === undefined) continue;
        if (attemptsAhead.size >= attemptsAheadMax) continue;
        const known = attemptsAhead.get(event.causationid) ?? 0;
        attemptsAhead.set(event.causationid, Math.max(known, event.data.attempt));
      }
    }
    if (to >= endAtAssignment) becomeReady();
  };

  return {
    set,
    get ready() {
      return ready;
    },
    paused: false,
    endAtAssignment,
    take({ records }) {
      for (const record of records) {
        if (record.offset < set.next) continue;
        const folded = takeRecord(set, record, filter);
        if (folded?.change === 'opened') opened(folded.entry);
      }
      if (!lookingAhead && set.next >= endAtAssignment) becomeReady();
    },
    async lookAhead(end) {
      if (lookingAhead || closed) return true;
      lookingAhead = true;
      try {
        await readAhead(end);
        return true;
      } catch (err) {
        logger?.warn({ partition, err }, 'the log could not be read ahead');
        return false;
      } finally {
        lookingAhead = false;
      }
    },
    close() {
      closed = true;
      set.clear();
    },
  };
};
