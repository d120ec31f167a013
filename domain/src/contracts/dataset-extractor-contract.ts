import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unaccounted } from '../datasets/accounted-for.ts';
import type { DatasetPlan } from '../datasets/dataset-cut.ts';
import type { DatasetSpec } from '../datasets/dataset-spec.ts';
import { foldDataset } from '../datasets/fold-dataset.ts';
import { readWhole } from '../datasets/read-cut.ts';
import type { VersionRules } from '../datasets/version-rules.ts';
import type { RecordedRecord } from '../event-log.ts';
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
import { datasetColumnsContract } from './dataset-columns-contract.ts';
import {
  createExtraction,
  type DatasetExtractorUnderTest,
  plain,
  redactionKey,
  sha256,
} from './dataset-extractor-under-test.ts';

async function* wholeCut(records: readonly RecordedRecord[], { cut }: DatasetPlan) {
  for (const range of cut.ranges) yield* readWhole(logOf(records), cut.topic, range);
}

export const datasetExtractorContract = (name: string, open: () => Promise<DatasetExtractorUnderTest>): void => {
  describe(`${name}, as a dataset extractor`, () => {
    let subject: DatasetExtractorUnderTest;
    beforeAll(async () => {
      subject = await open();
    });
    afterAll(() => subject.stop());
    const extraction = createExtraction(() => subject);
    const { artifacts, extract, filesOf, rowsOf, one } = extraction;

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

    datasetColumnsContract(extraction);

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
