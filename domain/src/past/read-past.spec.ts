import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encode } from '../event-codec.ts';
import { keyOf } from '../event-envelope.ts';
import { type RecordedRecord, TOPICS } from '../event-log.ts';
import { evolvePrediction, type PredictionState, unknownPrediction } from '../evolve-prediction.ts';
import type { PredictionEvent } from '../prediction-events.ts';
import { anyPredictionEvent, eventKinds } from '../testing/any-prediction-event.ts';
import { aPredictionFailed, aPredictionRequested, aPredictionSucceeded } from '../testing/prediction-event-builders.ts';
import type { LogCut } from './log-cut.ts';
import { addCounts, noPast } from './past-counts.ts';
import { IncompletePast, type PastPage, type PastPlace, type PastQuery, readPast } from './read-past.ts';

const recordsOf = (events: readonly PredictionEvent[], partition = 0): RecordedRecord[] =>
  events.map((event, offset) => {
    const { key, value, headers } = encode(event);
    return { key, value, headers, topic: TOPICS.predictions, partition, offset, appendedAt: 1_000 + offset };
  });
const logOf = (records: readonly RecordedRecord[], pageSize = 3) => ({
  async *read({ partition, from, to = Number.POSITIVE_INFINITY }: { partition: number; from: number; to?: number }) {
    const found = records.filter((one) => one.partition === partition && one.offset >= from && one.offset < to);
    for (let at = 0; at < found.length; at += pageSize) yield found.slice(at, at + pageSize);
  },
});
const cutOf = (...ranges: readonly (readonly [from: number, to: number])[]): LogCut => ({
  logId: 'log',
  epoch: 0,
  ranges: ranges.map(([from, to], partition) => ({ partition, from, to })),
});
const pagesOf = async (records: readonly RecordedRecord[], query: PastQuery, pageSize?: number) => {
  const pages: PastPage[] = [];
  for await (const page of readPast(logOf(records, pageSize), query)) pages.push(page);
  return pages;
};
const countsOf = (pages: readonly PastPage[]) => pages.reduce((sum, { counts }) => addCounts(sum, counts), noPast);
const idsOf = (pages: readonly PastPage[]) =>
  pages.flatMap(({ predictions }) => predictions.map(({ request, result }) => `${request.subject} ${result.id}`));

/** Ends have ids of their own: one that is told before its request and again behind it does not come about. */
const anyHistory = fc
  .array(
    fc.record({
      id: fc.constantFrom('a', 'b', 'c', 'd'),
      kind: fc.nat(eventKinds - 1),
      number: fc.nat(3),
      rival: fc.nat(1),
    }),
    { maxLength: 60 },
  )
  .map((choices) => choices.map((choice, number) => anyPredictionEvent({ ...choice, number })));

describe('reading the past', () => {
  it('gives each prediction with its result, in the order of the results', async () => {
    const records = recordsOf([
      aPredictionRequested({ id: 'a', eventId: 'ask-a' }),
      aPredictionRequested({ id: 'b', eventId: 'ask-b' }),
      aPredictionRequested({ id: 'c', eventId: 'ask-c' }),
      aPredictionSucceeded({ id: 'b', cause: 'ask-b', eventId: 'end-b' }),
      aPredictionFailed({ id: 'c', cause: 'ask-c', eventId: 'end-c' }),
      aPredictionSucceeded({ id: 'a', cause: 'ask-a', eventId: 'end-a' }),
      aPredictionRequested({ id: 'd', eventId: 'ask-d' }),
    ]);
    const pages = await pagesOf(records, { cut: cutOf([0, 7]) });
    expect(idsOf(pages)).toEqual(['b end-b', 'a end-a']);
    expect(pages.flatMap(({ predictions }) => predictions)[1]).toMatchObject({
      partition: 0,
      offset: 0,
      endOffset: 5,
      acceptedAt: 1_000,
    });
    expect(countsOf(pages)).toMatchObject({ records: 7, requests: 4, succeeded: 2, failed: 1, unfinished: 1 });
  });

  it('looks at nothing outside of the stretch, nor at other models or keys', async () => {
    const records = recordsOf([
      aPredictionRequested({ id: 'early', eventId: 'ask-early' }),
      aPredictionRequested({ id: 'a', eventId: 'ask-a' }),
      aPredictionRequested({ id: 'b', eventId: 'ask-b', model: 'fraud' }),
      aPredictionRequested({ id: 'v2', eventId: 'ask-v2', version: 2 }),
      aPredictionSucceeded({ id: 'early', cause: 'ask-early' }),
      aPredictionSucceeded({ id: 'a', cause: 'ask-a' }),
      aPredictionSucceeded({ id: 'b', cause: 'ask-b' }),
      aPredictionSucceeded({ id: 'v2', cause: 'ask-v2' }),
    ]);
    const told = async (query: Omit<PastQuery, 'cut'>, to = 8) => {
      const pages = await pagesOf(records, { cut: cutOf([1, to]), ...query });
      return pages.flatMap(({ predictions }) => predictions.map(({ request }) => request.subject));
    };
    expect(await told({})).toEqual(['a', 'b', 'v2']);
    expect(await told({ model: 'churn' })).toEqual(['a', 'v2']);
    expect(await told({ wants: ({ data }) => data.version === 2 })).toEqual(['v2']);
    expect(await told({ wantsKey: (key) => key === keyOf('default', 'b') })).toEqual(['b']);
    expect(await told({}, 6)).toEqual(['a']);
  });

  it('names the record that is not there', async () => {
    const records = recordsOf([aPredictionRequested(), aPredictionFailed(), aPredictionRequested({ id: 'b' })], 1);
    const cut = cutOf([0, 0], [0, 3]);
    for (const lost of [0, 1, 2]) {
      const left = records.filter(({ offset }) => offset !== lost);
      await expect(pagesOf(left, { cut })).rejects.toThrow(new IncompletePast(1, lost));
    }
  });

  it('passes over what is no event, and counts it', async () => {
    const [asked, ended] = recordsOf([aPredictionRequested(), aPredictionSucceeded()]);
    if (!asked || !ended) throw new Error('There are two records.');
    const pages = await pagesOf([{ ...asked, value: '{' }, ended], { cut: cutOf([0, 2]) });
    expect(countsOf(pages)).toMatchObject({ records: 2, requests: 0, undecodable: 1 });
  });

  it('finds the results that the fold finds', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, fc.integer({ min: 1, max: 7 }), async (events, pageSize) => {
        const states = new Map<string, PredictionState>();
        for (const [offset, event] of events.entries()) {
          const before = states.get(event.subject) ?? unknownPrediction;
          states.set(event.subject, evolvePrediction(before, { event, offset, appendedAt: offset }).state);
        }
        const counted = [...states.values()].flatMap((state) =>
          state.status === 'succeeded'
            ? [state.history.find(({ type, verdict }) => type === 'PredictionSucceeded' && verdict === 'accepted')]
            : [],
        );
        const pages = await pagesOf(recordsOf(events), { cut: cutOf([0, events.length]) }, pageSize);
        const found = pages.flatMap(({ predictions }) => predictions.map(({ endOffset }) => endOffset));
        expect(found).toEqual(counted.map((entry) => entry?.offset).sort((a, b) => Number(a) - Number(b)));
      }),
    );
  });

  it('begins to read at the oldest open request, and a bounded number of records before it', async () => {
    const ended = Array.from({ length: 1_500 }, (_, at) => [
      aPredictionRequested({ id: `e-${at}`, eventId: `ask-${at}` }),
      aPredictionSucceeded({ id: `e-${at}`, cause: `ask-${at}`, eventId: `end-${at}` }),
    ]).flat();
    const records = recordsOf([...ended, aPredictionRequested({ id: 'open' }), aPredictionRequested({ id: 'more' })]);
    const pages = await pagesOf(records, { cut: cutOf([0, 3_002]) }, 500);
    expect(pages.map(({ place }) => place)).toContainEqual({ partition: 0, from: 0, done: 1_000 });
    expect(pages.at(-1)?.place).toEqual({ partition: 0, from: 1_000, done: 3_002 });
    expect(Math.max(...pages.map(({ counts }) => counts.records))).toBe(128);
  });

  it('tells the rest when it goes on at any place, and nothing twice', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, anyHistory, fc.integer({ min: 1, max: 7 }), async (first, second, pageSize) => {
        const records = [...recordsOf(first, 0), ...recordsOf(second, 1)];
        const cut = cutOf([0, first.length], [0, second.length]);
        const whole = await pagesOf(records, { cut }, pageSize);
        for (const [at, { place }] of whole.entries()) {
          const rest = await pagesOf(records, { cut, place: JSON.parse(JSON.stringify(place)) as PastPlace }, 2);
          expect(idsOf(rest)).toEqual(idsOf(whole.slice(at + 1)));
          expect(countsOf(rest)).toEqual(countsOf(whole.slice(at + 1)));
        }
      }),
    );
  });
});
