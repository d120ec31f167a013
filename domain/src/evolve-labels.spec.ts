import { describe, expect, it } from 'vitest';
import {
  canWait,
  droppedLabelsMax,
  evolveLabels,
  isAbout,
  type LabelsState,
  matchedLabelsMax,
  noLabels,
  waitingLabelsMax,
} from './evolve-labels.ts';
import { storedAs } from './testing/given.ts';
import { aLabelMatched, aLabelReported } from './testing/label-event-builders.ts';

const fold = (events: Parameters<typeof storedAs>[0], from: LabelsState = noLabels) => {
  let state = from;
  const verdicts: string[] = [];
  for (const stored of storedAs(events as readonly Parameters<typeof evolveLabels>[1]['event'][])) {
    const evolved = evolveLabels(state, stored);
    state = evolved.state;
    verdicts.push(evolved.verdict);
  }
  return { state, verdicts };
};

describe('labels of an address', () => {
  it('wait in their order for the first match in the log', () => {
    const second = aLabelReported({ eventId: 'r-2', value: false });
    const { state, verdicts } = fold([
      aLabelReported(),
      second,
      aLabelMatched(),
      aLabelMatched({ eventId: 'm-2', predictionId: 'p-2' }),
    ]);
    expect(verdicts).toEqual(['accepted', 'accepted', 'accepted', 'ignored:not_waiting']);
    expect(state.waiting.map(({ eventId }) => eventId)).toEqual(['r-2']);
    expect(state.matched).toMatchObject([{ eventId: 'r-1', predictionId: 'p-1', matchedAt: 3 }]);
  });

  it('are taken once, however often they are said', () => {
    const { verdicts } = fold([
      aLabelReported(),
      aLabelReported(),
      aLabelReported({ eventId: 'r-2' }),
      aLabelMatched(),
      aLabelReported(),
    ]);
    expect(verdicts).toEqual(['accepted', 'ignored:repeated', 'ignored:duplicate', 'accepted', 'ignored:repeated']);
  });

  const many = (count: number, about: (at: number) => object = () => ({})) =>
    Array.from({ length: count }, (_, i) => aLabelReported({ eventId: `r-${i}`, value: i, ...about(i) }));

  it('are bounded, and the newest correction wins: the oldest that it corrects gives way', () => {
    const { state, verdicts } = fold(many(waitingLabelsMax + 6));
    expect(new Set(verdicts)).toEqual(new Set(['accepted']));
    expect(state.waiting.map(({ report }) => report.value)).toEqual(
      Array.from({ length: waitingLabelsMax }, (_, i) => i + 6),
    );
  });

  it('change nothing when they are said again after they gave way, up to a bound', () => {
    const said = many(waitingLabelsMax + 6);
    const once = fold(said).state;
    const again = fold(said, once);
    expect(again.state).toEqual(once);
    expect(new Set(again.verdicts)).toEqual(new Set(['ignored:repeated']));
    const all = many(droppedLabelsMax + waitingLabelsMax + 1);
    const { dropped } = fold(all).state;
    expect([dropped?.length, dropped?.[0]]).toEqual([droppedLabelsMax, 'r-1']);
    const matches = many(matchedLabelsMax + 1).flatMap((report, i) => [
      report,
      aLabelMatched({ eventId: `m-${i}`, report: `r-${i}` }),
    ]);
    const { state } = fold(matches);
    expect(fold(many(1), state)).toEqual({ state, verdicts: ['ignored:repeated'] });
  });

  it('are bounded where none corrects another: one more does not wait, and can be known not to', () => {
    const ofModels = many(waitingLabelsMax + 5, (i) => ({ model: `m-${i}` }));
    const { state, verdicts } = fold(ofModels);
    expect(state.waiting).toHaveLength(waitingLabelsMax);
    expect(verdicts.slice(waitingLabelsMax)).toEqual(Array.from({ length: 5 }, () => 'ignored:full'));
    const waiting = state.waiting.map(({ report }) => report);
    expect(['m-3', 'm-70'].map((model) => canWait(waiting, { model }))).toEqual([true, false]);
    expect(canWait(waiting.slice(1), { model: 'm-70' })).toBe(true);
    const corrected = fold([aLabelReported({ eventId: 'again', model: 'm-3', value: 'new' })], state);
    expect(corrected.state.waiting.at(-1)).toMatchObject({ eventId: 'again' });
    expect(corrected.state.waiting.map(({ eventId }) => eventId)).not.toContain('r-3');
  });

  it('are remembered up to a bound when they have found their prediction', () => {
    let matched = noLabels;
    for (let i = 0; i < matchedLabelsMax + 5; i++) {
      ({ state: matched } = fold(
        [aLabelReported({ eventId: `r-${i}`, value: i }), aLabelMatched({ report: `r-${i}` })],
        matched,
      ));
    }
    expect(matched.waiting).toEqual([]);
    expect(matched.matched).toHaveLength(matchedLabelsMax);
  });
});

describe('a report', () => {
  const request = { model: 'churn', entity: 'e', referenceId: 'r', at: Date.parse('2026-03-10T00:00:00Z') };
  const window = { entity: 'e', from: '2026-03-01T00:00:00Z', to: '2026-04-01T00:00:00Z', value: 1 };

  it.each([
    ['its referenceId', { referenceId: 'r', value: 1 }, request, true],
    ['another referenceId', { referenceId: 'x', value: 1 }, request, false],
    ['its entity, at any time', { entity: 'e', value: 1 }, request, true],
    ['its entity, of another model', { entity: 'e', model: 'iris', value: 1 }, request, false],
    ['a window that it was accepted in', window, request, true],
    ['a window that ends when it was accepted', { ...window, to: '2026-03-10T00:00:00Z' }, request, false],
    ['a window that begins when it was accepted', { ...window, from: '2026-03-10T00:00:00Z' }, request, true],
    ['a window that its event time is not in', window, { ...request, eventTime: '2026-04-01T00:00:00Z' }, false],
    [
      'a window that only its event time is in',
      window,
      { ...request, at: 0, eventTime: '2026-03-02T01:00:00+02:00' },
      true,
    ],
    ['no entity where it has none', { entity: 'e', value: 1 }, { model: 'churn', at: 0 }, false],
  ])('is about %s: %#', (_, report, asked, expected) => {
    expect(isAbout(report, asked)).toBe(expected);
  });
});
