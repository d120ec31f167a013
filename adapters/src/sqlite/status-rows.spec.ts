import type { PredictionDoc, PredictionEvent } from '@hindcast/domain';
import {
  anImportedPrediction,
  anyPredictionEvent,
  aPredictionRequested,
  aPredictionSucceeded,
  eventKinds,
  foldPrediction,
  storedAs,
} from '@hindcast/domain/testing';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { statusRows } from './status-rows.ts';

const rows = statusRows(1);

/** As the table gives it back. */
const throughTheTable = (doc: PredictionDoc): PredictionDoc => {
  const columns = ['key', 'pos', ...rows.columns];
  const values = [doc.key, doc.pos, ...rows.valuesOf(doc)];
  return rows.docOf(rows.read.map((column) => values[columns.indexOf(column)]));
};
const docOf = (events: readonly PredictionEvent[]): PredictionDoc => ({
  key: 't/a',
  tenant: 't',
  id: 'a',
  epoch: 2,
  partition: 3,
  pos: 9,
  state: foldPrediction(storedAs(events)),
});

const someEvents = fc.array(
  fc
    .record({
      id: fc.constant('a'),
      kind: fc.nat(eventKinds - 1),
      number: fc.nat(2),
      rival: fc.nat(1),
    })
    .map(anyPredictionEvent),
  { maxLength: 12 },
);

it('gives every document back as the fold made it, member for member', () => {
  fc.assert(
    fc.property(someEvents, fc.boolean(), (events, parked) => {
      const doc = parked ? { ...docOf(events), parked: { offset: 9, detail: 'no' } } : docOf(events);
      expect(throughTheTable(doc)).toStrictEqual(doc);
    }),
  );
});

it('gives back what few predictions have', () => {
  const batch = { batchId: 'b-1', batchIndex: 2, batchHash: 'c'.repeat(64), batchItems: 3 };
  const requested = aPredictionRequested({
    entity: 'e',
    referenceId: 'r',
    eventTime: '2025-01-01T00:00:00Z',
    ...batch,
  });
  const outputRef = { sha256: 'd'.repeat(64), bytes: 5 };
  for (const events of [
    anImportedPrediction(),
    [{ ...requested, traceparent: '00-1-2-01' }, aPredictionSucceeded({ output: null })],
    [requested, aPredictionSucceeded({ output: undefined, outputRef })],
  ]) {
    expect(throughTheTable(docOf(events))).toStrictEqual(docOf(events));
  }
});
