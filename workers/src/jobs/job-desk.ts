import {
  decode,
  type EndedJob,
  evolveJob,
  isEndedJob,
  isJobEvent,
  type JobEvent,
  type JobVerdict,
  type OpenJob,
  type RecordedRecord,
  unknownJob,
} from '@hindcast/domain';

/** A job of an assigned partition that has not ended. One object from its request to its end. */
export interface JobEntry {
  readonly key: string;
  readonly tenant: string;
  readonly id: string;
  readonly partition: number;
  readonly offset: number;
  /** What the one judge makes of the events so far. */
  state: OpenJob;
  /** The event with which this process claims an attempt, until that comes to nothing. */
  claim: { readonly eventId: string; readonly attempt: number } | undefined;
  /** It is not claimed before this time, ms since 1970. */
  claimFrom: number;
  /** false: it has ended, or its partition belongs to somebody else. */
  held: boolean;
}

export interface JobNews {
  readonly entry: JobEntry;
  readonly event: JobEvent;
  readonly verdict: JobVerdict;
  /** It came after the partition was assigned. */
  readonly fresh: boolean;
}

/** One assigned partition: its open jobs, and how far it must be read before any of them may run. */
export interface JobDesk {
  readonly entries: ReadonlyMap<string, JobEntry>;
  /** Everything that the partition held when it was assigned is folded. */
  readonly ready: boolean;
  /** The first offset that is not folded. */
  readonly next: number;
  /** What may be committed: the oldest open offset, or `next`. */
  readonly committable: number;
  /** undefined where the record concerns none of the jobs that are held here. */
  take(record: RecordedRecord): JobNews | undefined;
  close(): void;
}

/**
 * Ended jobs that are remembered, so that a request which was sent twice at the same time does not run twice. Fewer than a
 * catalog remembers: what that has forgotten may be asked for anew.
 */
const endedMax = 16;

export const createJobDesk = (options: {
  readonly partition: number;
  readonly next: number;
  /** End of the partition when it was assigned. */
  readonly endAtAssignment: number;
  /** Jobs of other kinds are left to others. */
  readonly takes: (kind: string | undefined) => boolean;
}): JobDesk => {
  const { partition, endAtAssignment, takes } = options;
  const entries = new Map<string, JobEntry>();
  const ended = new Map<string, EndedJob>();
  let { next } = options;

  const concerns = ({ key, headers }: RecordedRecord): boolean =>
    entries.has(key) || (headers['type'] === 'JobRequested' && takes(headers['kind']));

  const end = (entry: JobEntry, state: EndedJob): void => {
    entry.held = false;
    entries.delete(entry.key);
    ended.set(entry.key, state);
    const [oldest] = ended.keys();
    if (ended.size > endedMax && oldest !== undefined) ended.delete(oldest);
  };

  const fold = ({ key, offset, appendedAt }: RecordedRecord, event: JobEvent): JobNews | undefined => {
    const fresh = offset >= endAtAssignment;
    const known = entries.get(key);
    const before = known?.state ?? ended.get(key) ?? unknownJob;
    const { state, verdict } = evolveJob(before, { event, offset, appendedAt });
    if (known && isEndedJob(state)) {
      end(known, state);
      return { entry: known, event, verdict, fresh };
    }
    if (state.status === 'unknown' || isEndedJob(state)) return undefined;
    if (known) {
      known.state = state;
      return { entry: known, event, verdict, fresh };
    }
    const { tenant, subject: id } = event;
    const entry: JobEntry = { key, tenant, id, partition, offset, state, claim: undefined, claimFrom: 0, held: true };
    entries.set(key, entry);
    return { entry, event, verdict, fresh };
  };

  return {
    entries,
    get ready() {
      return next >= endAtAssignment;
    },
    get next() {
      return next;
    },
    get committable() {
      let oldest = next;
      for (const { offset } of entries.values()) oldest = Math.min(oldest, offset);
      return oldest;
    },
    take(record) {
      if (record.offset < next) return undefined;
      next = record.offset + 1;
      if (!concerns(record)) return undefined;
      const decoded = decode(record);
      return decoded.ok && isJobEvent(decoded.event) ? fold(record, decoded.event) : undefined;
    },
    close() {
      for (const entry of entries.values()) entry.held = false;
    },
  };
};
