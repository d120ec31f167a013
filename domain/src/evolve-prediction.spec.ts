import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  evolvePrediction,
  ignoredMax,
  isEnded,
  labelsMax,
  type PredictionState,
  type Stored,
  unknownPrediction,
} from './evolve-prediction.ts';
import type { PredictionEvent } from './prediction-events.ts';
import { anyPredictionEvent, eventKinds } from './testing/any-prediction-event.ts';
import { foldPrediction, given, storedAs } from './testing/given.ts';
import {
  anImportedPrediction,
  aPredictionAttemptStarted,
  aPredictionCanceled,
  aPredictionExpired,
  aPredictionFailed,
  aPredictionLabeled,
  aPredictionRequested,
  aPredictionSucceeded,
} from './testing/prediction-event-builders.ts';

describe('a prediction', () => {
  const request = aPredictionRequested();

  it('is queued by its request', () => {
    given()
      .when(request)
      .thenIs('accepted', { status: 'queued', attempts: 0, request: { model: 'churn', at: 1_700_000_000_010 } });
  });

  it('that was imported is as it was said to be, and never ran here', () => {
    const [imported, result] = anImportedPrediction();
    if (!imported || !result) throw new Error('There is no imported prediction.');
    const source = { source: 'legacy', at: '2025-03-01T00:00:00.000Z' };
    given(imported)
      .when(result)
      .thenIs('accepted', {
        ...{ status: 'succeeded', attempts: 0, output: { probability: 0.25 }, provenance: undefined },
        request: { role: 'imported', sha256: '0'.repeat(64), imported: source },
      });
  });

  it('runs from its first known attempt on', () => {
    given(request)
      .when(aPredictionAttemptStarted({ attempt: 2 }))
      .thenIs('accepted', { status: 'running', attempts: 2 });
  });

  it('ends with its result, its failure, its cancel or its deadline', () => {
    given(request)
      .when(aPredictionSucceeded())
      .thenIs('accepted', { status: 'succeeded', attempts: 1, output: { probability: 0.25 } });
    given(request)
      .when(aPredictionFailed())
      .thenIs('accepted', { status: 'failed', error: { code: 'model_rejected_input' } });
    given(request).when(aPredictionCanceled()).thenIs('accepted', { status: 'canceled', endedAt: 1_700_000_000_020 });
    given(request)
      .when(aPredictionExpired())
      .thenIs('accepted', { status: 'expired', error: { code: 'deadline_exceeded' } });
  });

  it('keeps the first end and calls the others late', () => {
    given(request, aPredictionCanceled()).when(aPredictionSucceeded()).thenIs('ignored:late', { status: 'canceled' });
    given(request, aPredictionSucceeded())
      .when(aPredictionAttemptStarted())
      .thenIs('ignored:late', { status: 'succeeded' });
  });

  it('keeps the first request: the same again is a duplicate, another body is a conflict', () => {
    given(request)
      .when(aPredictionRequested({ eventId: 'request-2' }))
      .thenIs('ignored:duplicate');
    const rival = aPredictionRequested({ eventId: 'request-2', requestHash: '2'.repeat(64), model: 'iris' });
    given(request)
      .when(rival)
      .thenIs('ignored:key_conflict', { request: { eventId: 'request-1', model: 'churn' } });
  });

  it('is not answered by the result of another request', () => {
    const rival = aPredictionRequested({ eventId: 'request-2', requestHash: '2'.repeat(64) });
    given(request, rival)
      .when(aPredictionSucceeded({ cause: 'request-2' }))
      .thenIs('ignored:other_request', { status: 'queued' });
  });

  it('counts an answer without a request as an orphan', () => {
    given().when(aPredictionSucceeded()).thenIs('ignored:orphan', { status: 'unknown' });
  });

  it('takes labels before, during and after', () => {
    const label = aPredictionLabeled({ eventId: 'label-2', value: 'late' });
    given()
      .when(aPredictionLabeled())
      .thenIs('accepted', { status: 'unknown', labels: [{ value: true }] });
    given(aPredictionLabeled())
      .when(request)
      .thenIs('accepted', { status: 'queued', labels: [{ value: true }] });
    given(aPredictionLabeled(), request, aPredictionSucceeded())
      .when(label)
      .thenIs('accepted', { status: 'succeeded', labels: [{ value: true }, { value: 'late' }] });
  });

  it('keeps its newest labels, and the first one in its history, however many come', () => {
    const labels = Array.from({ length: 3 * labelsMax }, (_, i) =>
      aPredictionLabeled({ eventId: `label-${i}`, value: i }),
    );
    const state = foldPrediction(storedAs([request, ...labels]));
    expect(state.labels.map(({ value }) => value)).toEqual(labels.slice(-labelsMax).map(({ data }) => data.value));
    const kept = state.history.filter(({ type }) => type === 'PredictionLabeled').map(({ eventId }) => eventId);
    expect(kept).toEqual(['label-0', ...labels.slice(1 - labelsMax).map(({ id }) => id)]);
  });

  it('remembers the first ignored events and counts the rest', () => {
    const late = Array.from({ length: 100 }, (_, i) => aPredictionFailed({ eventId: `late-${i}` }));
    const state = foldPrediction(storedAs([request, aPredictionSucceeded(), ...late]));
    expect(state.history).toHaveLength(2 + ignoredMax);
    expect(state.ignored).toBe(100);
  });
});

const anyEvent = fc
  .record({
    kind: fc.integer({ min: 0, max: eventKinds - 1 }),
    number: fc.integer({ min: 0, max: 3 }),
    rival: fc.integer({ min: 0, max: 1 }),
  })
  .map((choice) => anyPredictionEvent({ id: 'p-1', ...choice }));
const anyStream = fc.array(anyEvent, { maxLength: 40 }).map((events) => storedAs(events));

const statesOf = (stream: readonly Stored<PredictionEvent>[]): PredictionState[] => {
  let state: PredictionState = unknownPrediction;
  return stream.map((stored) => {
    state = evolvePrediction(state, stored).state;
    return state;
  });
};
/** All that a client can see of a prediction: what ignored events may not touch. */
const visible = ({ history, ignored: _, ...rest }: PredictionState) => ({
  ...rest,
  accepted: history.filter(({ verdict }) => verdict === 'accepted'),
});

describe('laws of the fold', () => {
  it('an end is never left, and nothing about it changes but its labels', () => {
    fc.assert(
      fc.property(anyStream, (stream) => {
        const ends = statesOf(stream).filter(isEnded);
        const seen = ends.map(({ status, output, error, endedAt, request }) => ({
          status,
          output,
          error,
          endedAt,
          request,
        }));
        for (const end of seen) expect(end).toEqual(seen[0]);
      }),
    );
  });

  it('the first request and the first answer to it win, by offset', () => {
    fc.assert(
      fc.property(anyStream, (stream) => {
        const state = foldPrediction(stream);
        const first = stream.find(({ event }) => event.type === 'PredictionRequested');
        expect(state.status === 'unknown' ? undefined : state.request.offset).toBe(first?.offset);
        const end = stream.find(
          ({ event, offset }) =>
            /Succeeded|Failed|Canceled|Expired/.test(event.type) &&
            first &&
            offset > first.offset &&
            event.causationid === first.event.id &&
            !stream.some((earlier) => earlier.event.id === event.id && earlier.offset < offset),
        );
        if (end)
          expect(state).toMatchObject({
            endedAt: end.appendedAt,
            status: end.event.type.slice('Prediction'.length).toLowerCase(),
          });
      }),
    );
  });

  it('repeats of events change nothing that can be seen, wherever they are put in', () => {
    fc.assert(
      fc.property(anyStream, fc.array(fc.nat(), { maxLength: 10 }), (stream, picks) => {
        const repeated = [...stream];
        for (const pick of picks) {
          const original = stream[pick % Math.max(1, stream.length)];
          if (!original) continue;
          const behind = repeated.findIndex(({ offset }) => offset === original.offset) + 1;
          repeated.splice(behind + (pick % (repeated.length - behind + 1)), 0, { ...original, offset: 1_000_000 });
        }
        expect(visible(foldPrediction(repeated))).toEqual(visible(foldPrediction(stream)));
      }),
    );
  });

  it('the history is bounded, ordered, and holds every accepted transition', () => {
    fc.assert(
      fc.property(anyStream, (stream) => {
        let state: PredictionState = unknownPrediction;
        const accepted: number[] = [];
        for (const stored of stream) {
          const evolved = evolvePrediction(state, stored);
          if (evolved.verdict === 'accepted') accepted.push(stored.offset);
          state = evolved.state;
        }
        const kept = state.history.filter(({ verdict }) => verdict === 'accepted').map(({ offset }) => offset);
        expect(kept).toEqual(accepted);
        expect(state.history.length).toBeLessThanOrEqual(accepted.length + ignoredMax);
        expect(state.ignored + accepted.length).toBe(stream.length);
      }),
    );
  });

  it('a state that was stored as JSON goes on as if it had never been', () => {
    fc.assert(
      fc.property(anyStream, fc.nat({ max: 40 }), (stream, cut) => {
        const stored: PredictionState = JSON.parse(JSON.stringify(foldPrediction(stream.slice(0, cut))));
        const state = foldPrediction(stream.slice(cut), stored);
        expect(state).toEqual(foldPrediction(stream));
        expect(JSON.parse(JSON.stringify(state))).toEqual(state);
      }),
    );
  });
});
