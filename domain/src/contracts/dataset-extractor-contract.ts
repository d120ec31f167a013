import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unaccounted } from '../datasets/accounted-for.ts';
import type { DatasetPlan } from '../datasets/dataset-cut.ts';
import type { DatasetExtractor, Extracted } from '../datasets/dataset-extractor.ts';
import type { DatasetSpec } from '../datasets/dataset-spec.ts';
import { foldDataset } from '../datasets/fold-dataset.ts';
import { readWhole } from '../datasets/read-cut.ts';
import type { VersionRules } from '../datasets/version-rules.ts';
import type { RecordedRecord } from '../event-log.ts';
import { createMemoryArtifactStore } from '../in-memory/artifact-store.ts';
import type { Sha256 } from '../ports.ts';
import { unknownSha256 } from '../prediction-events.ts';
import {
  anyHistory,
  anySpec,
  anyVersionRules,
  endBehindRepeat,
  type HistoryRecord,
  logOf,
  planOf,
  repetitiveHistory,
  storedHistory,
} from '../testing/dataset-histories.ts';
import {
  aPredictionLabeled,
  aPredictionRequested,
  aPredictionSucceeded,
} from '../testing/prediction-event-builders.ts';

export interface DatasetExtractorUnderTest {
  readonly extractor: DatasetExtractor;
  /** Random histories that are tried. */
  readonly runs: number;
  stop(): Promise<void>;
}

const sha256: Sha256 = (data) => createHash('sha256').update(data).digest('hex');
const redactionKey = 'a key of the tests';

const bytesOf = async (content: AsyncIterable<Uint8Array>): Promise<string> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return new TextDecoder().decode(Uint8Array.from(chunks.flatMap((chunk) => [...chunk])));
};

async function* wholeCut(records: readonly RecordedRecord[], { cut }: DatasetPlan) {
  for (const range of cut.ranges) yield* readWhole(logOf(records), cut.topic, range);
}

/** Values of JSON columns are compared as values: adapters may write numbers in them as they like. */
const plain = (extracted: Pick<Extracted, 'columns'>, cells: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    extracted.columns.map(({ name, type }) => {
      const cell = cells[name] ?? null;
      return [name, type === 'json' && typeof cell === 'string' ? { json: JSON.parse(cell) as unknown } : cell];
    }),
  );

export const datasetExtractorContract = (name: string, open: () => Promise<DatasetExtractorUnderTest>): void => {
  describe(`${name}, as a dataset extractor`, () => {
    let subject: DatasetExtractorUnderTest;
    let works = 0;
    beforeAll(async () => {
      subject = await open();
    });
    afterAll(() => subject.stop());

    const artifacts = createMemoryArtifactStore({ sha256 });
    const extract = (
      plan: DatasetPlan,
      records: readonly RecordedRecord[],
      work = `work-${++works}`,
      versions: readonly VersionRules[] = [],
    ) =>
      subject.extractor.extract(
        plan,
        work,
        { log: logOf(records), artifacts, redactionKey, versions },
        {
          signal: new AbortController().signal,
          progress: () => {},
        },
      );
    const filesOf = async ({ files }: Extracted) =>
      Promise.all(files.map(async ({ content, ...file }) => ({ ...file, text: await bytesOf(content()) })));
    const rowsOf = async (extracted: Extracted) => {
      const rows = new Map<string, Record<string, unknown>[]>();
      for (const { split, rows: count, text } of await filesOf(extracted)) {
        const lines = text.split('\n').filter((line) => line !== '');
        expect(lines).toHaveLength(count);
        const cells = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
        for (const row of cells) expect(Object.keys(row)).toEqual(extracted.columns.map(({ name }) => name));
        const mine = cells.map((row) => plain(extracted, row));
        rows.set(split, [...(rows.get(split) ?? []), ...mine]);
      }
      return [...rows].map(([split, of]) => ({ split, rows: of }));
    };
    const one = (...events: readonly HistoryRecord['event'][]) =>
      storedHistory([events.map((event) => ({ event: event as NonNullable<typeof event> }))]);

    const expectWhatTheFoldMakes = async (
      history: readonly (readonly HistoryRecord[])[],
      spec: Partial<DatasetSpec>,
      versions: readonly VersionRules[],
    ): Promise<void> => {
      const records = storedHistory(history);
      const plan = planOf(records, spec);
      const extracted = await extract(plan, records, undefined, versions);
      const ports = { artifacts, sha256, redactionKey, versions };
      const folded = await foldDataset(wholeCut(records, plan), plan, ports);
      expect(extracted.accountedFor).toEqual(folded.accountedFor);
      expect(unaccounted(extracted.accountedFor)).toBe(0);
      expect(extracted).toMatchObject({
        cutAt: folded.cutAt,
        ignored: folded.ignored,
        labelCoverage: folded.labelCoverage,
      });
      expect(extracted.columns.map(({ name, type }) => `${name} ${type}`)).toEqual(
        folded.columns.map(({ name, type }) => `${name} ${type}`),
      );
      for (const { split, rows } of await rowsOf(extracted)) {
        const expected = folded.rows.filter((row) => row.split === split).map(({ cells }) => plain(extracted, cells));
        expect(rows).toEqual(JSON.parse(JSON.stringify(expected)));
      }
      await extracted.discard();
    };

    it('makes the rows that the fold makes, of any history', async () => {
      const property = fc.asyncProperty(anyHistory, anySpec, anyVersionRules, expectWhatTheFoldMakes);
      await fc.assert(property, { numRuns: subject.runs, endOnFailure: true });
    });

    it('makes them of plain histories too, however often the id of an event comes again', async () => {
      const property = fc.asyncProperty(repetitiveHistory, (history) => expectWhatTheFoldMakes(history, {}, []));
      const numRuns = Math.ceil(subject.runs / 4);
      await fc.assert(property, { numRuns, endOnFailure: true, examples: [[endBehindRepeat]] });
    });

    it('gives the same bytes again, also behind a later end of the log', async () => {
      const records = one(
        aPredictionRequested({ entity: 'anna' }),
        aPredictionSucceeded(),
        aPredictionLabeled({ value: 'yes' }),
      );
      const plan = planOf(records);
      const first = await filesOf(await extract(plan, records));
      const later = [
        ...records,
        ...storedHistory([
          [...records, ...records].map((_, at) => ({
            event: aPredictionLabeled({ eventId: `late-${at}`, value: 'no' }),
          })),
        ]).slice(3),
      ];
      expect(await filesOf(await extract(plan, later))).toEqual(first);
      expect(first[0]?.text).toContain('"label":"yes"');
    });

    it('fails where a record is missing, and names it', async () => {
      const records = one(aPredictionRequested(), aPredictionSucceeded(), aPredictionLabeled());
      const plan = planOf(records);
      for (const missing of [0, 1, 2]) {
        const torn = records.filter(({ offset }) => offset !== missing);
        await expect(extract(plan, torn)).rejects.toThrow(`hindcast.predictions.v1, partition 0, offset ${missing}`);
      }
    });

    it('puts payloads into the rows that are kept beside the log, and fails where one is not there', async () => {
      const content = new TextEncoder().encode('{"age":99}');
      async function* once() {
        yield content;
      }
      const { sha256: digest, bytes } = await artifacts.put(once(), 1_000);
      const request = (ref: string) => aPredictionRequested({ input: undefined, inputRef: { sha256: ref, bytes } });
      const records = one(request(digest), aPredictionSucceeded());
      const [all] = await rowsOf(await extract(planOf(records), records));
      expect(all?.rows[0]).toMatchObject({ 'input.age': 99, 'output.probability': 0.25 });
      const lost = one(request('f'.repeat(64)), aPredictionSucceeded());
      await expect(extract(planOf(lost), lost)).rejects.toMatchObject({ code: 'payload_missing' });
    });

    it('drops, hashes and rounds what is personal', async () => {
      const records = one(
        aPredictionRequested({ entity: 'anna', input: { age: 41, name: 'Anna', zip: 'x' } }),
        aPredictionSucceeded(),
      );
      const redact = [
        { column: 'input.name', how: 'drop' },
        { column: 'input.zip', how: 'hmac' },
        { column: 'entity', how: 'hmac' },
        { column: 'input.age', how: 'bucket', width: 10 },
      ] as const;
      const [file] = await filesOf(await extract(planOf(records, { redact: [...redact] }), records));
      expect(file?.text).not.toMatch(/anna|name/i);
      const { createHmac } = await import('node:crypto');
      const hmac = (text: string) => createHmac('sha256', redactionKey).update(text).digest('hex');
      expect(JSON.parse(file?.text ?? '')).toMatchObject({
        entity: hmac('anna'),
        'input.zip': hmac('x'),
        'input.age': 40,
      });
      const typo = planOf(records, { redact: [{ column: 'input.nam', how: 'drop' }] });
      await expect(extract(typo, records)).rejects.toMatchObject({ code: 'invalid_columns' });
    });

    it('says when a row was made, which threshold decided, and which features a default was taken for', async () => {
      const rows = [
        { role: 'champion', version: 1, input: { age: null, 'd"e/~': 'x' } },
        { role: 'champion', version: 2, input: { age: 3 } },
        { role: 'pinned', version: 2, input: [1, null] },
        { role: 'pinned', version: 2, input: [1, 2] },
        {
          role: 'imported',
          version: 2,
          input: {},
          imported: { source: 'before', at: '2023-01-01T00:00:00Z' },
          sha256: unknownSha256,
        },
      ] as const;
      const events = rows.flatMap((row, at) => [
        aPredictionRequested({ ...row, input: row.input, id: `p-${at}`, eventId: `r-${at}` }),
        aPredictionSucceeded({ id: `p-${at}`, eventId: `s-${at}`, cause: `r-${at}` }),
      ]);
      const versions = [
        { version: 1, threshold: 0.1, defaults: [{ name: 'age', place: 0 }] },
        { version: 2, threshold: 0.7, defaults: [{ name: 'd"e/~', place: 1 }] },
        { version: 3, threshold: 0.9, defaults: [{ name: 'never ran', place: 0 }] },
      ];
      const records = one(...events);
      const extracted = await extract(planOf(records), records, undefined, versions);
      const [all] = await rowsOf(extracted);
      expect(all?.rows.map((row) => [row['threshold'], row['defaulted.age'], row['defaulted.d"e/~']])).toEqual([
        [0.1, true, false],
        [0.7, false, true],
        [0.7, false, true],
        [0.7, false, false],
        [null, null, null],
      ]);
      expect(all?.rows.map((row) => row['sha256'] === null)).toEqual([false, false, false, false, true]);
      const isMadeWhenAccepted = all?.rows.map((row) => row['madeAt'] === row['acceptedAt']);
      expect(isMadeWhenAccepted).toEqual([true, true, true, true, false]);
      expect(all?.rows.at(-1)?.['madeAt']).toBe('2023-01-01T00:00:00.000Z');
      expect(extracted.columns.filter(({ role }) => role === 'defaulted').map(({ type }) => type)).toEqual([
        'boolean',
        'boolean',
      ]);
    });

    it('goes on after it was broken off, to the same bytes', async () => {
      const events = Array.from({ length: 60 }, (_, at) => [
        aPredictionRequested({ id: `p-${at}`, eventId: `r-${at}` }),
        aPredictionSucceeded({ id: `p-${at}`, eventId: `s-${at}`, cause: `r-${at}` }),
      ]).flat();
      const half = events.length / 2;
      const records = storedHistory(
        [events.slice(0, half), events.slice(half)].map((part) => part.map((event) => ({ event }))),
      );
      const plan = planOf(records);
      const whole = await filesOf(await extract(plan, records));
      for (const breakAt of [1, 60, 119, 121, 200]) {
        const controller = new AbortController();
        const broken = subject.extractor.extract(
          plan,
          `broken-${breakAt}`,
          { log: logOf(records), artifacts, versions: [] },
          {
            signal: controller.signal,
            progress: ({ done }) => {
              if (done >= breakAt) controller.abort(new Error('broken off'));
            },
          },
        );
        await expect(broken).rejects.toThrow();
        expect(await filesOf(await extract(plan, records, `broken-${breakAt}`))).toEqual(whole);
      }
    });

    it('makes a file of every split, also where nothing is in it', async () => {
      const extracted = await extract(
        planOf([], {
          split: {
            parts: [
              { name: 'train', share: 0.5 },
              { name: 'test', share: 0.5 },
            ],
            salt: '',
            group: 'entity',
          },
        }),
        [],
      );
      expect(extracted.files.map(({ name, rows }) => [name, rows])).toEqual([
        ['train/part-00000.ndjson', 0],
        ['test/part-00000.ndjson', 0],
      ]);
    });
  });
};
