import {
  type DataRef,
  evolvePrediction,
  isEnded,
  type OpenPrediction,
  type PredictionEvent,
  type Priority,
  type Stored,
  type TerminalStatus,
  unknownPrediction,
  type Verdict,
} from '@hindcast/domain';
import { createEntryList, type Linked } from './entry-list.ts';
import type { HeapItem } from './indexed-heap.ts';

/** A prediction that the log has asked for and not yet ended. One object from its request to its end. */
export interface OpenEntry<Work = unknown> extends HeapItem, Linked<OpenEntry<Work>> {
  readonly key: string;
  readonly tenant: string;
  readonly id: string;
  readonly partition: number;
  readonly offset: number;
  /** Log time plus the stamped duration, ms since 1970. */
  readonly deadlineAt: number;
  readonly priority: Priority;
  readonly correlationId: string | undefined;
  /** Where there are several doors: the one that accepted it. */
  readonly door: string | undefined;
  readonly inputRef: DataRef | undefined;
  /** What the one judge makes of the events so far. */
  fold: OpenPrediction;
  /** Attempts that the log knows, or that this process has made and not read back. */
  attempts: number;
  /** As the client sent it; undefined with `payloadDropped` when it must be read from the log again. */
  input: unknown;
  payloadDropped: boolean;
  payloadBytes: number;
  /** `settled`: nothing more is to be done here, its end is in the log or is another's task. `gone`: ended in the log. */
  phase: 'open' | 'settled' | 'gone';
  /** What the owner of the set keeps beside it. */
  work: Work | undefined;
}

/** Shared by the partitions of one process. */
export interface PayloadBudget {
  readonly bytesMax: number;
  bytes: number;
}

export interface OpenSet<Work = unknown> {
  readonly partition: number;
  /** Entries that still need something of this process. */
  readonly open: number;
  /** All entries in memory, settled ones whose end was not read back included. */
  readonly size: number;
  /** The first offset that is not folded. */
  readonly next: number;
  /** What may be committed: the oldest open offset, or `next`. Never moves back. */
  readonly committable: number;
  get(key: string): OpenEntry<Work> | undefined;
  entries(): IterableIterator<OpenEntry<Work>>;
  /** Folds one event. `bytes` is the size of its record. Events up to `next` must not come again. */
  fold(key: string, stored: Stored<PredictionEvent>, bytes: number, door?: string): Folded<Work> | undefined;
  /** The offset was seen and held nothing for this set. */
  passed(offset: number): void;
  /** Folds an event that lies beyond `next`: it may end or advance an entry, never open one. */
  foldAhead(key: string, stored: Stored<PredictionEvent>): Folded<Work> | undefined;
  /** This process has done its part: the payload goes, and the entry no longer holds the commit. */
  settle(entry: OpenEntry<Work>): void;
  /** Forgets everything: the partition belongs to somebody else. */
  clear(): void;
}

export interface Folded<Work = unknown> {
  readonly entry: OpenEntry<Work>;
  readonly verdict: Verdict;
  readonly change: 'opened' | 'advanced' | 'ended' | 'none';
}

/**
 * The open predictions of one partition. Everything is O(1); what has ended leaves no trace.
 */
export const createOpenSet = <Work = unknown>(options: {
  readonly partition: number;
  readonly next: number;
  /** undefined: inputs are not kept. */
  readonly payloads?: PayloadBudget | undefined;
  /** Settled entries that may wait for their end to be read back; the oldest beyond that are forgotten. */
  readonly settledMax?: number;
  /** The entry is no longer open: it was settled, it ended, or the set was cleared. Called once per entry. */
  readonly onClosed?: (entry: OpenEntry<Work>) => void;
  /** The event at this offset has ended it. */
  readonly onEnded?: ((entry: OpenEntry<Work>, outcome: TerminalStatus, offset: number) => void) | undefined;
}): OpenSet<Work> => {
  const { partition, payloads, settledMax = 50_000, onClosed, onEnded } = options;
  const byKey = new Map<string, OpenEntry<Work>>();
  const openOnes = createEntryList<OpenEntry<Work>>();
  const settledOnes = createEntryList<OpenEntry<Work>>();
  let next = options.next;

  const releasePayload = (entry: OpenEntry<Work>) => {
    if (payloads && entry.input !== undefined) payloads.bytes -= entry.payloadBytes;
    entry.input = undefined;
    entry.payloadDropped = true;
  };
  const forget = (entry: OpenEntry<Work>) => {
    const wasOpen = entry.phase === 'open';
    (wasOpen ? openOnes : settledOnes).remove(entry);
    releasePayload(entry);
    entry.phase = 'gone';
    byKey.delete(entry.key);
    if (wasOpen) onClosed?.(entry);
  };

  const file: OpenSet<Work>['fold'] = (key, stored, bytes, door) => {
    const { event } = stored;
    if (event.type !== 'PredictionRequested') return undefined;
    const { state, verdict } = evolvePrediction(unknownPrediction, stored);
    if (state.status === 'unknown' || isEnded(state)) return undefined;
    const { input } = event.data;
    const kept = payloads !== undefined && input !== undefined && payloads.bytes + bytes <= payloads.bytesMax;
    if (kept) payloads.bytes += bytes;
    const entry: OpenEntry<Work> = {
      heapIndex: -1,
      key,
      tenant: event.tenant,
      id: event.subject,
      partition,
      offset: stored.offset,
      deadlineAt: stored.appendedAt + event.data.deadlineMs,
      priority: event.data.priority,
      correlationId: event.correlationid,
      door,
      inputRef: event.data.inputRef,
      fold: state,
      attempts: 0,
      input: kept ? input : undefined,
      payloadDropped: !kept,
      payloadBytes: bytes,
      phase: 'open',
      work: undefined,
      newer: undefined,
      older: undefined,
    };
    openOnes.push(entry);
    byKey.set(key, entry);
    return { entry, verdict, change: 'opened' };
  };

  const advance = (entry: OpenEntry<Work>, stored: Stored<PredictionEvent>): Folded<Work> => {
    const { state, verdict } = evolvePrediction(entry.fold, stored);
    if (state.status === 'unknown') return { entry, verdict, change: 'none' };
    if (isEnded(state)) {
      forget(entry);
      onEnded?.(entry, state.status, stored.offset);
      return { entry, verdict, change: 'ended' };
    }
    entry.fold = state;
    if (state.attempts > entry.attempts) entry.attempts = state.attempts;
    return { entry, verdict, change: verdict === 'accepted' ? 'advanced' : 'none' };
  };

  return {
    partition,
    get open() {
      return openOnes.size;
    },
    get size() {
      return byKey.size;
    },
    get next() {
      return next;
    },
    get committable() {
      return openOnes.oldest?.offset ?? next;
    },
    get: (key) => byKey.get(key),
    entries: () => byKey.values(),
    fold(key, stored, bytes, door) {
      next = stored.offset + 1;
      const entry = byKey.get(key);
      return entry ? advance(entry, stored) : file(key, stored, bytes, door);
    },
    passed(offset) {
      next = offset + 1;
    },
    foldAhead(key, stored) {
      const entry = byKey.get(key);
      if (!entry || stored.event.type === 'PredictionRequested') return undefined;
      return advance(entry, stored);
    },
    settle(entry) {
      if (entry.phase !== 'open') return;
      openOnes.remove(entry);
      releasePayload(entry);
      entry.phase = 'settled';
      settledOnes.push(entry);
      onClosed?.(entry);
      if (settledOnes.size > settledMax && settledOnes.oldest) forget(settledOnes.oldest);
    },
    clear() {
      for (const entry of [...byKey.values()]) forget(entry);
    },
  };
};
