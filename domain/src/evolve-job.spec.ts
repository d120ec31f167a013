import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evolveJob, isEndedJob, type JobState, jobPace, unknownJob } from './evolve-job.ts';
import type { Stored } from './evolve-prediction.ts';
import type { JobEvent } from './job-events.ts';
import { givenJob, storedAs } from './testing/given.ts';
import {
  aJobCanceled,
  aJobFailed,
  aJobProgressed,
  aJobReleased,
  aJobRequested,
  aJobStarted,
  aJobSucceeded,
} from './testing/job-event-builders.ts';

const request = aJobRequested();
const started = aJobStarted();

describe('a job', () => {
  it('is queued by its request, and runs from its first attempt on', () => {
    givenJob()
      .when(request)
      .thenIs('accepted', { status: 'queued', attempts: 0, request: { kind: 'count' } });
    givenJob(request).when(started).thenIs('accepted', { status: 'running', attempts: 1, lost: 0, runner: 'runner-1' });
  });

  it('keeps the first request: the same again is a duplicate, another one is a conflict', () => {
    const same = aJobRequested({ eventId: 'request-2' });
    givenJob(request).when(request).thenIs('ignored:repeated');
    givenJob(request)
      .when(same)
      .thenIs('ignored:duplicate', { request: { eventId: 'request-1' } });
    givenJob(request)
      .when(aJobRequested({ eventId: 'request-2', requestHash: '2'.repeat(64) }))
      .thenIs('ignored:key_conflict');
    givenJob(request, same)
      .when(aJobStarted({ cause: 'request-2' }))
      .thenIs('ignored:other_request', { status: 'queued' });
  });

  it('keeps how far it has come, and the last checkpoint that was told', () => {
    givenJob(request, started, aJobProgressed({ done: 4, checkpoint: { at: 4 } }))
      .when(aJobProgressed({ eventId: 'progress-2', done: 6, total: 10, detail: 'half' }))
      .thenIs('accepted', { progress: { done: 6, total: 10, detail: 'half' }, checkpoint: { at: 4 } });
    givenJob(request, started, aJobProgressed({ done: 4 }))
      .when(aJobProgressed({ done: 3 }))
      .thenIs('ignored:stale', { progress: { done: 4 } });
  });

  it('counts an attempt that another one follows as lost, unless it was given back', () => {
    givenJob(request, started)
      .when(aJobStarted({ attempt: 2, runner: 'runner-2' }))
      .thenIs('accepted', { attempts: 2, lost: 1, runner: 'runner-2' });
    givenJob(request, started, aJobReleased())
      .when(aJobStarted({ attempt: 2 }))
      .thenIs('accepted', { attempts: 2, lost: 0 });
    givenJob(request, started).when(aJobReleased()).thenIs('accepted', { status: 'queued', runner: undefined });
  });

  it('counts losses anew when it has come further than it ever was, and not when it came as far again', () => {
    const attempt = (number: number, ...done: number[]) => [
      aJobStarted({ eventId: `start-${number}`, attempt: number }),
      ...done.map((of) => aJobProgressed({ eventId: `${number}-${of}`, attempt: number, done: of })),
    ];
    const lost = [request, ...attempt(1, 7), ...attempt(2, 3, 7), ...attempt(3, 5)];
    givenJob(...lost)
      .when(aJobProgressed({ attempt: 3, done: 7 }))
      .thenIs('accepted', { lost: 2, furthest: 7 });
    givenJob(...lost)
      .when(aJobProgressed({ attempt: 3, done: 8 }))
      .thenIs('accepted', { lost: 0, attempts: 3 });
    const givenBack = [request, ...attempt(1, 7), aJobReleased(), ...attempt(2, 3), ...attempt(3)];
    givenJob(...givenBack)
      .when(aJobProgressed({ attempt: 3, done: 5 }))
      .thenIs('accepted', { lost: 1, furthest: 7 });
  });

  it('hears nothing of an attempt that another one has followed, but for its success', () => {
    const second = aJobStarted({ attempt: 2 });
    givenJob(request, started, second)
      .when(aJobStarted({ runner: 'runner-3' }))
      .thenIs('ignored:stale');
    givenJob(request, started, second).when(aJobProgressed()).thenIs('ignored:stale', { progress: undefined });
    givenJob(request, started, second).when(aJobReleased()).thenIs('ignored:stale', { status: 'running' });
    givenJob(request, started, second).when(aJobFailed()).thenIs('ignored:stale', { status: 'running' });
    givenJob(request, started, second).when(aJobSucceeded()).thenIs('accepted', { status: 'succeeded' });
  });

  it('ends once', () => {
    givenJob(request, started)
      .when(aJobSucceeded())
      .thenIs('accepted', { status: 'succeeded', result: { counted: 10 }, endedAt: 1_700_000_000_030 });
    givenJob(request, started)
      .when(aJobFailed())
      .thenIs('accepted', { status: 'failed', error: { code: 'job_failed', detail: 'It broke.' } });
    givenJob(request)
      .when(aJobCanceled({ reason: 'no' }))
      .thenIs('accepted', { status: 'canceled', reason: 'no' });
    givenJob(request, aJobCanceled()).when(aJobSucceeded()).thenIs('ignored:late', { status: 'canceled' });
    givenJob().when(aJobSucceeded()).thenIs('ignored:orphan', { status: 'unknown' });
  });
});

describe('the checkpoint of a job', () => {
  it('is kept when it has not succeeded: what it has found until then is not lost', () => {
    const checkpoint = { found: 7 };
    const past = [aJobRequested(), aJobStarted(), aJobProgressed({ checkpoint })] as const;
    givenJob(...past)
      .when(aJobCanceled())
      .thenIs('accepted', { status: 'canceled', checkpoint });
    givenJob(...past)
      .when(aJobFailed())
      .thenIs('accepted', { status: 'failed', checkpoint });
    givenJob(...past)
      .when(aJobSucceeded())
      .thenIs('accepted', { status: 'succeeded', checkpoint: undefined });
  });
});

describe('the pace of a job', () => {
  const paceAfter = (...events: JobEvent[]) => {
    const state = fold(storedAs(events));
    return state.status === 'unknown' ? {} : jobPace(state);
  };

  it('is that of its newest attempt, from where that one went on', () => {
    expect(paceAfter(request, started)).toEqual({});
    expect(paceAfter(request, started, aJobProgressed({ done: 5, total: 25 }))).toEqual({
      ratePerSecond: 500,
      etaMs: 40,
    });
    const resumed = [request, started, aJobProgressed({ done: 5, checkpoint: {} }), aJobStarted({ attempt: 2 })];
    expect(paceAfter(...resumed)).toEqual({});
    expect(paceAfter(...resumed, aJobProgressed({ attempt: 2, done: 6 }))).toEqual({ ratePerSecond: 100 });
    const anew = [request, started, aJobProgressed({ done: 5 }), aJobStarted({ attempt: 2 })];
    expect(paceAfter(...anew, aJobProgressed({ attempt: 2, done: 1 }))).toEqual({ ratePerSecond: 100 });
  });
});

const fold = (stored: readonly Stored<JobEvent>[]): JobState =>
  stored.reduce((state, next) => evolveJob(state, next).state, unknownJob as JobState);

const anyEvent: fc.Arbitrary<JobEvent> = fc
  .record({
    kind: fc.integer({ min: 0, max: 7 }),
    attempt: fc.integer({ min: 1, max: 4 }),
    done: fc.integer({ min: 0, max: 5 }),
    rival: fc.integer({ min: 1, max: 2 }),
  })
  .map(({ kind, attempt, done, rival }) => {
    const cause = `request-${rival}`;
    const eventId = `${kind}-${attempt}-${done}-${rival}`;
    switch (kind) {
      case 0:
        return aJobRequested({ eventId: cause, requestHash: String(rival).repeat(64) });
      case 1:
      case 2:
        return aJobStarted({ eventId, cause, attempt, runner: `runner-${done}` });
      case 3:
      case 4:
        return aJobProgressed({ eventId, cause, attempt, done, checkpoint: { done } });
      case 5:
        return aJobReleased({ eventId, cause, attempt });
      case 6:
        return done > 3 ? aJobSucceeded({ eventId, cause, attempt }) : aJobFailed({ eventId, cause, attempt });
      default:
        return done > 3 ? aJobCanceled({ eventId, cause }) : aJobReleased({ eventId, cause, attempt });
    }
  });
const anyStream = fc
  .array(anyEvent, { maxLength: 40 })
  .map((events) => storedAs([aJobRequested({ requestHash: '1'.repeat(64) }), ...events]));

describe('the laws of a job', () => {
  it('an end never changes, and no more than one event brings it', () => {
    fc.assert(
      fc.property(anyStream, (stream) => {
        let state: JobState = unknownJob;
        let ends = 0;
        for (const stored of stream) {
          const before = state;
          const evolved = evolveJob(state, stored);
          state = evolved.state;
          if (isEndedJob(before)) expect(state).toBe(before);
          else if (isEndedJob(state)) ends += 1;
          if (evolved.verdict !== 'accepted') expect(state).toBe(before);
        }
        expect(ends).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('losses are forgotten only by who does more than was ever done: what does not ends after so many', () => {
    fc.assert(
      fc.property(anyStream, (stream) => {
        let state: JobState = unknownJob;
        let most = 0;
        for (const stored of stream) {
          const before = state;
          state = evolveJob(state, stored).state;
          if (state.status === 'unknown') continue;
          const done = state.progress?.done ?? 0;
          if (before.status !== 'unknown' && state.lost < before.lost) expect(done).toBeGreaterThan(most);
          if (done > most) expect(state.lost).toBe(0);
          most = Math.max(most, done);
        }
      }),
    );
  });

  it('every event told twice changes nothing: Kafka may repeat what it was sent', () => {
    fc.assert(
      fc.property(anyStream, (stream) => {
        const twice = stream.flatMap((stored) => [stored, stored]);
        expect(fold(twice)).toEqual(fold(stream));
      }),
    );
  });

  it('attempts only grow, losses are never more than the attempts before the newest, progress never moves back', () => {
    fc.assert(
      fc.property(anyStream, (stream) => {
        let state: JobState = unknownJob;
        for (const stored of stream) {
          const before = state;
          state = evolveJob(state, stored).state;
          if (state.status === 'unknown' || before.status === 'unknown') continue;
          expect(state.attempts).toBeGreaterThanOrEqual(before.attempts);
          expect(state.lost).toBeLessThanOrEqual(Math.max(0, state.attempts - 1));
          if (state.progress?.attempt === before.progress?.attempt)
            expect(state.progress?.done ?? 0).toBeGreaterThanOrEqual(before.progress?.done ?? 0);
        }
      }),
    );
  });
});
