import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, encode, makeEvent } from './event-codec.ts';
import { formatPosition, type RecordedRecord, TOPICS } from './event-log.ts';
import type { PredictionRequested } from './prediction-events.ts';
import { openReplay, type ReplayedRecord, type ReplayQuery, replayLine } from './replay.ts';
import { formatPositions } from './replay-cursor.ts';
import type { ReadableLog } from './replay-plan.ts';

const topic = TOPICS.predictions;

interface Spec {
  readonly partition: number;
  readonly kind: 'request' | 'cancel' | 'broken' | 'newer';
  readonly model: string;
  readonly tenant: string;
  readonly gapMs: number;
}

const recordOf = (spec: Spec, offset: number, appendedAt: number): RecordedRecord => {
  const at = { topic, partition: spec.partition, offset, appendedAt };
  const key = `${spec.tenant}/p${spec.partition}-${offset}`;
  if (spec.kind === 'broken') return { ...at, key, value: '{not json\n', headers: {} };
  const draft = {
    id: `e${offset}`,
    source: 'test',
    at: appendedAt,
    tenant: spec.tenant,
    subject: key.split('/')[1] ?? '',
  };
  const event =
    spec.kind === 'cancel'
      ? makeEvent({ ...draft, type: 'PredictionCanceled', data: {} })
      : makeEvent<PredictionRequested>({
          ...draft,
          type: 'PredictionRequested',
          data: {
            model: spec.model,
            version: 1,
            sha256: 'a'.repeat(64),
            pool: 'default',
            role: 'champion',
            input: { n: offset },
            requestHash: 'h',
            priority: 'normal',
            deadlineMs: 1000,
          },
        });
  const { event: _, ...record } = encode(event);
  if (spec.kind === 'request' || spec.kind === 'cancel') return { ...at, ...record };
  const newer = { ...event, type: 'PredictionDreamt', dataschema: 'urn:hindcast:schema:PredictionDreamt:1' };
  return { ...at, key, value: JSON.stringify(newer), headers: { type: 'PredictionDreamt' } };
};

const logOf = (specs: readonly Spec[], partitions: number, pageMax = 3) => {
  const stored: RecordedRecord[][] = Array.from({ length: partitions }, () => []);
  let appendedAt = 1_000;
  for (const spec of specs) {
    const records = stored[spec.partition];
    appendedAt += spec.gapMs;
    records?.push(recordOf(spec, records.length, appendedAt));
  }
  const counts = { pages: 0 };
  const log: ReadableLog = {
    async bounds() {
      return stored.map(({ length }, partition) => ({ logId: 'l', epoch: 2, partition, start: 0, end: length }));
    },
    async *read({ partition, from, to }) {
      const records = stored[partition] ?? [];
      for (let at = from; at < Math.min(to ?? records.length, records.length); at += pageMax) {
        counts.pages += 1;
        yield records.slice(at, Math.min(at + pageMax, to ?? records.length));
      }
    },
  };
  return { log, stored, counts };
};

const open = async (log: ReadableLog, query: Partial<ReplayQuery> = {}) => {
  const replay = await openReplay(log, { topic, ...query });
  if (!replay.ok) throw new Error(`${replay.refusal.code}: ${replay.refusal.detail}`);
  return replay;
};
const collect = async (log: ReadableLog, query: Partial<ReplayQuery> = {}): Promise<ReplayedRecord[]> => {
  const records: ReplayedRecord[] = [];
  for await (const page of (await open(log, query)).pages()) records.push(...page.records);
  return records;
};
const refusal = async (log: ReadableLog, query: Partial<ReplayQuery>) => {
  const answer = await openReplay(log, { topic, ...query });
  return answer.ok ? 'none' : answer.refusal.code;
};

const partitions = 3;
const aSpec = fc.record<Spec>({
  partition: fc.nat(partitions - 1),
  kind: fc.constantFrom('request', 'cancel', 'broken', 'newer'),
  model: fc.constantFrom('churn', 'fraud'),
  tenant: fc.constantFrom('a', 'b'),
  gapMs: fc.nat(2),
});
const aFilter = fc.record(
  {
    types: fc.subarray(['PredictionRequested', 'PredictionCanceled'], { minLength: 1 }),
    model: fc.constantFrom('churn', 'fraud'),
    tenant: fc.constantFrom('a', 'b'),
    since: fc.integer({ min: 999, max: 1_015 }),
    until: fc.integer({ min: 1_000, max: 1_040 }),
    partition: fc.nat(partitions - 1),
  },
  { requiredKeys: [] },
);

const naive = (stored: RecordedRecord[][], specs: readonly Spec[], query: Partial<ReplayQuery>): string[] => {
  const kinds = stored.map((_, partition) => specs.filter((spec) => spec.partition === partition));
  return stored.flatMap((records, partition) =>
    records
      .filter((record, offset) => {
        const spec = kinds[partition]?.[offset];
        if (!spec || (query.partition ?? partition) !== partition) return false;
        if ((query.tenant ?? spec.tenant) !== spec.tenant) return false;
        if (record.appendedAt < (query.since ?? 0) || record.appendedAt >= (query.until ?? 1e15)) return false;
        if (spec.kind === 'broken') return true;
        if (query.types && (spec.kind === 'newer' || !query.types.includes(record.headers['type'] ?? ''))) return false;
        return query.model === undefined || (spec.kind === 'request' && spec.model === query.model);
      })
      .map((record) => `2:${partition}:${record.offset}`),
  );
};

const places = (records: readonly ReplayedRecord[]) => records.map(({ position }) => formatPosition(position));

describe('replay', () => {
  it('answers exactly the records that a filter over the whole log keeps, in order', () =>
    fc.assert(
      fc.asyncProperty(fc.array(aSpec, { maxLength: 40 }), aFilter, async (specs, filter) => {
        const { log, stored } = logOf(specs, partitions);
        expect(places(await collect(log, filter))).toEqual(naive(stored, specs, filter));
      }),
      { numRuns: 400 },
    ));

  it('gives the same lines however often it is broken off and resumed while the log grows', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(aSpec, { maxLength: 40 }),
        fc.array(aSpec, { maxLength: 10 }),
        aFilter,
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 7 }),
        async (specs, later, filter, pieces, pageMax) => {
          const whole = (await collect(logOf(specs, partitions).log, filter)).map(replayLine);
          const grown = logOf([...specs, ...later], partitions, pageMax).log;
          const { end } = await open(logOf(specs, partitions).log, filter);
          const got: string[] = [];
          let from: string | undefined;
          for (let turn = 0; turn <= whole.length; turn++) {
            const limit = pieces[turn % pieces.length] ?? 1;
            const cut = from === undefined ? { to: formatPositions(end) } : { from };
            const records = await collect(grown, { ...filter, ...cut, limit });
            if (records.length === 0) break;
            got.push(...records.map(replayLine));
            from = records.at(-1)?.cursor;
          }
          expect(got).toEqual(whole);
        },
      ),
    ));

  it('goes on with what came since from the ends of an earlier one', async () => {
    const spec: Spec = { partition: 0, kind: 'request', model: 'churn', tenant: 'a', gapMs: 1 };
    const { end } = await open(logOf([spec, spec], 1).log);
    expect(formatPositions(end)).toBe('2:0:2');
    expect(places(await collect(logOf([spec, spec, spec], 1).log, { from: formatPositions(end) }))).toEqual(['2:0:2']);
  });

  it('reports what cannot be decoded with its value, on one line', async () => {
    const spec: Spec = { partition: 0, kind: 'broken', model: 'churn', tenant: 'a', gapMs: 1 };
    const [record] = await collect(logOf([spec], 1).log);
    const line = record ? replayLine(record) : '';
    expect(line).not.toContain('\n');
    expect(JSON.parse(line)).toMatchObject({ error: { code: 'undecodable' }, value: '{not json\n' });
  });

  it('keeps to one line for an event that another writer has broken into lines', async () => {
    const { log, stored } = logOf([{ partition: 0, kind: 'request', model: 'churn', tenant: 'a', gapMs: 1 }], 1);
    const [record] = stored[0] ?? [];
    const event: unknown = JSON.parse(record?.value ?? '');
    if (record) stored[0] = [{ ...record, value: JSON.stringify(event, null, 2) }];
    const [replayed] = await collect(log);
    const line = replayed ? replayLine(replayed) : '';
    expect(line).not.toContain('\n');
    expect(JSON.parse(line)).toMatchObject({ event });
  });

  it('refuses positions that are not of this log, and those that it no longer holds', async () => {
    const spec: Spec = { partition: 0, kind: 'request', model: 'churn', tenant: 'a', gapMs: 1 };
    const { log } = logOf([spec], 1);
    expect(await refusal(log, { from: 'nonsense' })).toBe('malformed');
    expect(await refusal(log, { to: '2:0:1,2:0:1' })).toBe('malformed');
    expect(await refusal(log, { from: '2:0:1', to: '2:0:0' })).toBe('malformed');
    expect(await refusal(log, { from: 'r1.2.0.0~0-0' })).toBe('malformed');
    expect(await refusal(log, { partition: 1 })).toBe('malformed');
    expect(await refusal(log, { from: '2:0:2' })).toBe('foreign');
    expect(await refusal(log, { from: '1:0:1' })).toBe('foreign');
    const trimmed: ReadableLog = {
      ...log,
      bounds: async () => [{ logId: 'l', epoch: 2, partition: 0, start: 1, end: 2 }],
    };
    expect(await refusal(trimmed, { from: '2:0:0' })).toBe('gone');
    expect(await refusal(trimmed, {})).toBe('none');
  });

  it('refuses an end of some partitions that would be the present one of the others', async () => {
    const { log } = logOf([], 20);
    const said = async (query: Partial<ReplayQuery>) => {
      const opened = await openReplay(log, { topic, ...query });
      return opened.ok ? formatPositions(opened.end) : opened.refusal.detail;
    };
    const ends = Array.from({ length: 20 }, (_, partition) => `2:${partition}:0`);
    expect(await said({ to: ends.slice(0, 18).join(',') })).toMatch(/^to names no position .* of partitions 18, 19: /);
    expect(await said({ to: ends.slice(0, 2).join(',') })).toContain('16, 17 and 2 more: name one of every partition');
    expect(await said({ to: ends.join(',') })).toBe(ends.join(','));
    expect(await said({ to: '2:3:0', partition: 3 })).toBe('2:3:0');
    expect(await said({ to: '2:3:0', partition: 4 })).toContain('of partition 4: ');
    expect(await said({ to: '2:3:0', from: 'r1.2.3.0~3-0-0' })).toBe('2:3:0');
  });

  it('holds one page at a time, however long the range is', async () => {
    const recordsInAll = 200_000;
    const pageMax = 500;
    const spec: Spec = { partition: 0, kind: 'cancel', model: 'churn', tenant: 'a', gapMs: 0 };
    const sample = recordOf(spec, 0, 1);
    const decoded = decode(sample);
    const record = decoded.ok ? { ...sample, event: decoded.event } : sample;
    let handedOut = 0;
    const log: ReadableLog = {
      bounds: async () => [{ logId: 'l', epoch: 2, partition: 0, start: 0, end: recordsInAll }],
      async *read({ from, to = recordsInAll }) {
        for (let at = from; at < to; at += pageMax) {
          handedOut += 1;
          yield Array.from({ length: Math.min(pageMax, to - at) }, (_, i) => ({ ...record, offset: at + i }));
        }
      },
    };
    let taken = 0;
    let records = 0;
    for await (const page of (await open(log)).pages()) {
      taken += 1;
      records += page.records.length;
      expect(handedOut).toBe(taken);
    }
    expect(records).toBe(recordsInAll);
    const halved = handedOut;
    await collect(log, { since: 1, limit: 1 });
    expect(handedOut - halved).toBeLessThan(25);
  });
});
