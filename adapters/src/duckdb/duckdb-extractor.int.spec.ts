import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { type DomainEvent, encode, planDataset, TOPICS } from '@hindcast/domain';
import { datasetExtractorContract } from '@hindcast/domain/contracts';
import { createMemoryArtifactStore, createMemoryEventLog } from '@hindcast/domain/in-memory';
import {
  aPredictionLabeled,
  aPredictionRequested,
  aPredictionSucceeded,
  logOf,
  planOf,
  storedHistory,
} from '@hindcast/domain/testing';
import { expect, it } from 'vitest';
import { createDuckdbExtractor } from './duckdb-extractor.ts';
import { openDuckdbSessions } from './duckdb-session.ts';
import { text } from './sql-text.ts';

const mebibyte = 1_048_576;
const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');

datasetExtractorContract('DuckDB', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'duckdb-extractor-'));
  return {
    extractor: createDuckdbExtractor({ folder, sha256, memoryBytesMax: 256 * mebibyte, threads: 2, pieceBytes: 1 }),
    runs: 40,
    stop: () => rm(folder, { recursive: true }),
  };
});

/** So many that several threads have something to do, and that there is more than one row group. */
const predictions = 130_000;

const manyEvents = (): readonly DomainEvent[] =>
  Array.from({ length: predictions }, (_, at) => {
    const id = `prediction-${at}`;
    const input = { age: at % 90, ...(at % 3 === 0 && { city: 'Ulm' }) };
    return [
      aPredictionRequested({ id, eventId: `request-${at}`, entity: `customer-${at % 500}`, input }),
      aPredictionSucceeded({ id, eventId: `end-${at}`, cause: `request-${at}` }),
      ...(at % 4 === 0 ? [aPredictionLabeled({ id, eventId: `label-${at}`, value: at % 8 === 0 ? 'yes' : 'no' })] : []),
    ];
  }).flat();

it('gives the same bytes with one thread and with many, in one piece and in many, and where it has to put things on disk', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'duckdb-extractor-'));
  const partitions = {
    ...{ [TOPICS.predictions]: 2, [TOPICS.models]: 1, [TOPICS.jobs]: 1, [TOPICS.audit]: 1, [TOPICS.deadLetters]: 1 },
  };
  const log = createMemoryEventLog({ partitions, now: () => 1_000, newId: () => 'log' });
  await log.append(
    TOPICS.predictions,
    manyEvents().map((event) => encode(event)),
  );
  const cut = async (threads: number, memoryBytesMax: number, pieceBytes: number) => {
    const extractor = createDuckdbExtractor({ folder, sha256, memoryBytesMax, threads, pieceBytes });
    const request = { model: 'churn', labels: { absent: 'keep' } } as const;
    const planned = await planDataset(log, request, { tenant: 'default', extractor, redactionKeyId: undefined });
    if (!planned.ok) throw new Error(planned.refusal.detail);
    const source = { log, artifacts: createMemoryArtifactStore({ sha256 }), versions: [] };
    const run = { signal: new AbortController().signal, progress: () => {} };
    const { files, discard, ...rest } = await extractor.extract(
      planned.plan,
      `${threads}-${memoryBytesMax}`,
      source,
      run,
    );
    const digests: string[] = [];
    for (const { content } of files) {
      const hash = createHash('sha256');
      for await (const chunk of content()) hash.update(chunk);
      digests.push(hash.digest('hex'));
    }
    await discard();
    return { ...rest, digests, rows: files.map(({ rows }) => rows) };
  };
  const one = await cut(1, 256 * mebibyte, Number.POSITIVE_INFINITY);
  expect(one.rows.reduce((sum, rows) => sum + rows)).toBe(predictions);
  expect(await cut(4, 256 * mebibyte, mebibyte)).toEqual(one);
  expect(await cut(1, 64 * mebibyte, 8 * mebibyte)).toEqual(one);
  await rm(folder, { recursive: true });
}, 120_000);

it('tells at once what attempts before it have put aside, and reads and folds none of it again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'duckdb-extractor-'));
  const bounds = { memoryBytesMax: 128 * mebibyte, threads: 1, pieceBytes: 1 };
  const extractor = createDuckdbExtractor({ folder, sha256, ...bounds });
  const partition = (name: string) =>
    Array.from({ length: 20 }, (_, at) => [
      { event: aPredictionRequested({ id: `${name}-${at}`, eventId: `request-${name}-${at}` }) },
      {
        event: aPredictionSucceeded({
          id: `${name}-${at}`,
          eventId: `end-${name}-${at}`,
          cause: `request-${name}-${at}`,
        }),
      },
    ]).flat();
  const records = storedHistory([partition('a'), partition('b')]);
  const plan = planOf(records);
  const log = logOf(records);
  const attempt = async (diesAt: { partition: number; offset: number } | undefined) => {
    const told: number[] = [];
    const read: string[] = [];
    const dying = {
      async *read(range: Parameters<typeof log.read>[0]) {
        for await (const page of log.read(range)) {
          const isAtEnd = page.length === 1 && page[0]?.offset === 39;
          if (!isAtEnd) read.push(...page.map(({ partition: of, offset }) => `${of}:${offset}`));
          if (
            !isAtEnd &&
            page.some(({ partition: of, offset }) => of === diesAt?.partition && offset === diesAt.offset)
          )
            throw new Error('It dies.');
          yield page;
        }
      },
    };
    const source = { log: dying, artifacts: createMemoryArtifactStore({ sha256 }), versions: [] };
    const run = {
      signal: new AbortController().signal,
      progress: ({ done }: { done: number }) => void told.push(done),
    };
    const extracted = await extractor.extract(plan, 'work', source, run).catch(() => undefined);
    return { first: told[0], read, extracted };
  };
  expect((await attempt({ partition: 0, offset: 30 })).first).toBe(0);
  // Pages of seven records, of which the fifth has the offset 30.
  const second = await attempt({ partition: 1, offset: 15 });
  expect([second.first, second.read[0]]).toEqual([28, '0:28']);
  const third = await attempt(undefined);
  expect([third.first, third.read[0]]).toEqual([80 + 14, '1:14']);
  expect(third.extracted?.accountedFor).toMatchObject({ requests: 40, rows: 40 });
  const fourth = await attempt(undefined);
  expect([fourth.first, fourth.read]).toEqual([160, []]);
  expect(fourth.extracted?.files.map(({ rows }) => rows)).toEqual([40]);
  await rm(folder, { recursive: true });
});

it('goes on where the folder is another one, and makes again what is gone of it', async () => {
  const [folder, moved] = [await mkdtemp(join(tmpdir(), 'duckdb-extractor-')), `${tmpdir()}/moved-${process.pid}`];
  const records = storedHistory([[{ event: aPredictionRequested() }, { event: aPredictionSucceeded() }]]);
  const source = { log: logOf(records), artifacts: createMemoryArtifactStore({ sha256 }), versions: [] };
  const run = { signal: new AbortController().signal, progress: () => {} };
  const cutIn = async (place: string) => {
    const extractor = createDuckdbExtractor({ folder: place, sha256, memoryBytesMax: 128 * mebibyte, threads: 1 });
    const plan = planOf(records, { labels: { pick: 'latest', absent: 'keep' } });
    const { files } = await extractor.extract(plan, 'work', source, run);
    expect(files.map(({ rows }) => rows)).toEqual([1]);
    return Promise.all(files.map(({ content }) => buffer(content())));
  };
  const whole = await cutIn(folder);
  await rename(folder, moved);
  expect(await cutIn(moved)).toEqual(whole);
  const written = (await readdir(join(moved, 'work'))).find((name) => name.startsWith('all-')) ?? '';
  for (const harm of [(path: string) => truncate(path, 3), rm]) {
    await harm(join(moved, 'work', written));
    expect(await cutIn(moved)).toEqual(whole);
  }
  await rm(moved, { recursive: true });
});

it('gives every file the columns of all partitions, whichever came first', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'duckdb-extractor-'));
  const extractor = createDuckdbExtractor({ folder, sha256, memoryBytesMax: 128 * mebibyte, threads: 1 });
  const partition = (id: string, input: object) => [
    { event: aPredictionRequested({ id, eventId: `request-${id}`, input }) },
    { event: aPredictionSucceeded({ id, eventId: `end-${id}`, cause: `request-${id}` }) },
  ];
  const records = storedHistory([partition('a', { age: 1 }), [], partition('c', { age: 'old', city: 'Ulm' })]);
  const source = { log: logOf(records), artifacts: createMemoryArtifactStore({ sha256 }), versions: [] };
  const run = { signal: new AbortController().signal, progress: () => {} };
  const textOf = async (format: 'ndjson' | 'csv') => {
    const { files } = await extractor.extract(planOf(records, { format }), format, source, run);
    expect(files.map(({ name, rows }) => [name, rows])).toEqual([[`all/part-00000.${format}`, 2]]);
    const chunks: Uint8Array[] = [];
    for (const { content } of files) for await (const chunk of content()) chunks.push(chunk);
    return Buffer.concat(chunks).toString().trimEnd().split('\n');
  };
  const rows = (await textOf('ndjson')).map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(rows.map((row) => [row['input.age'], row['input.city']])).toEqual([
    ['1', null],
    ['"old"', 'Ulm'],
  ]);
  // Texts are one file, whose header stands once.
  const [header, ...lines] = await textOf('csv');
  expect(header).toMatch(/^predictionId,.*,input\.age,input\.city,/);
  expect(lines.map((line) => line.slice(0, 2))).toEqual(['a,', 'c,']);
  await rm(folder, { recursive: true });
});

it('gives a split without rows the columns of the others, with their types', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'duckdb-extractor-'));
  const bounds = { memoryBytesMax: 128 * mebibyte, threads: 1 };
  const extractor = createDuckdbExtractor({ folder, sha256, ...bounds });
  const input = { age: 1, plan: 'basic', isNew: true };
  const records = storedHistory([[{ event: aPredictionRequested({ input }) }, { event: aPredictionSucceeded() }]]);
  const versions = [{ version: 1, features: ['age', 'plan', 'isNew'], defaults: ['age'] }];
  const source = { log: logOf(records), artifacts: createMemoryArtifactStore({ sha256 }), versions };
  const run = { signal: new AbortController().signal, progress: () => {} };
  const holdout = { name: 'late', since: Number.MAX_SAFE_INTEGER };
  const split = { parts: [{ name: 'train', share: 1 }], salt: '', group: 'entity' as const, holdout };
  const pathsOf = async (format: 'parquet' | 'csv'): Promise<[string, string]> => {
    const { files } = await extractor.extract(planOf(records, { format, split }), format, source, run);
    expect(files.map(({ split: of, rows }) => [of, rows])).toEqual([
      ['train', 1],
      ['late', 0],
    ]);
    const [train, late] = ['train', 'late'].map((name) => join(folder, `${name}.${format}`)) as [string, string];
    await writeFile(train, files[0]?.content() ?? '');
    await writeFile(late, files[1]?.content() ?? '');
    return [train, late];
  };
  const { sessions, close } = await openDuckdbSessions(folder, bounds);
  const columnsOf = async (path: string) => (await sessions[0]?.rows(`DESCRIBE FROM ${text(path)}`)) ?? [];
  const [train, late] = await pathsOf('parquet');
  expect(await columnsOf(late)).toEqual(await columnsOf(train));
  const typed = (await columnsOf(late)).map(([name, type]) => `${name} ${type}`);
  expect(typed).toEqual(
    expect.arrayContaining(['input.age DOUBLE', 'input.isNew BOOLEAN', 'input.plan VARCHAR', 'defaulted.age BOOLEAN']),
  );
  const [lines, header] = await Promise.all((await pathsOf('csv')).map((path) => readFile(path, 'utf8')));
  expect(header).toBe(lines?.slice(0, lines.indexOf('\n') + 1));
  close();
  await rm(folder, { recursive: true });
});

it('assumes a label where what was said was taken back, as where nothing was said', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'duckdb-extractor-'));
  const extractor = createDuckdbExtractor({ folder, sha256, memoryBytesMax: 128 * mebibyte, threads: 1 });
  const told = (id: string, ...values: readonly (string | null)[]) => [
    aPredictionRequested({ id, eventId: `request-${id}` }),
    aPredictionSucceeded({ id, eventId: `end-${id}`, cause: `request-${id}` }),
    ...values.map((value, at) => aPredictionLabeled({ id, eventId: `label-${id}-${at}`, value })),
  ];
  const events = [...told('untold'), ...told('told', 'yes'), ...told('taken-back', 'yes', null), ...told('last')];
  const records = storedHistory([events.map((event) => ({ event }))]);
  const source = { log: logOf(records), artifacts: createMemoryArtifactStore({ sha256 }), versions: [] };
  const plan = planOf(records, { labels: { pick: 'latest', absent: { afterMs: 3_000, value: 'no' } } });
  const run = { signal: new AbortController().signal, progress: () => {} };
  const { accountedFor, labelCoverage, discard } = await extractor.extract(plan, 'work', source, run);
  expect(accountedFor).toMatchObject({ rows: 3, unlabelled: 1 });
  expect(labelCoverage).toEqual({ succeeded: 4, labelled: 1, assumed: 2 });
  await discard();
  await rm(folder, { recursive: true });
});

it('goes by the past of what was imported, and by the time of the log for all else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'duckdb-extractor-'));
  const extractor = createDuckdbExtractor({ folder, sha256, memoryBytesMax: 128 * mebibyte, threads: 1 });
  const past = { role: 'imported', imported: { source: 'before', at: '2020-01-01T00:00:00Z' } } as const;
  const made = (id: string, more: object) => [
    aPredictionRequested({ id, eventId: `request-${id}`, ...more }),
    aPredictionSucceeded({ id, eventId: `end-${id}`, cause: `request-${id}` }),
  ];
  const label = { eventId: 'label', value: 'yes', occurredAt: '2020-01-01T00:00:30Z' };
  const events = [
    ...made('told', past),
    aPredictionLabeled({ id: 'told', ...label }),
    ...made('untold', past),
    ...made('live', {}),
  ];
  const records = storedHistory([events.map((event) => ({ event }))]);
  const source = { log: logOf(records), artifacts: createMemoryArtifactStore({ sha256 }), versions: [] };
  const run = { signal: new AbortController().signal, progress: () => {} };
  const cut = async (spec: Parameters<typeof planOf>[1]) => {
    const { files, discard } = await extractor.extract(planOf(records, spec), 'work', source, run);
    const rows: string[] = [];
    for (const { content } of files)
      for await (const chunk of content())
        for (const line of String(chunk).trimEnd().split('\n')) {
          const { predictionId, label: told, split } = JSON.parse(line) as Record<string, unknown>;
          rows.push(`${split} ${predictionId} ${told}`);
        }
    await discard();
    return rows;
  };
  const since = Date.parse('2021-01-01T00:00:00Z');
  const labels = (maturityMs?: number) => ({
    ...({ pick: 'latest', absent: { afterMs: 10_000, value: 'no' } } as const),
    ...(maturityMs && { maturityMs }),
  });
  const keep = { pick: 'latest', absent: 'keep' } as const;
  expect(await cut({ until: since, labels: keep })).toEqual(['all told yes', 'all untold null']);
  expect(await cut({ since, labels: keep })).toEqual(['all live null']);
  // Ten seconds after the accept of what is live the log has not come to yet.
  expect(await cut({ labels: labels() })).toEqual(['all told yes', 'all untold no']);
  expect(await cut({ labels: labels(20_000) })).toEqual(['all told no', 'all untold no']);
  expect(await cut({ labels: labels(40_000) })).toEqual(['all told yes', 'all untold no']);
  const holdout = { name: 'late', since };
  const split = { parts: [{ name: 'train', share: 1 }], salt: '', group: 'entity' as const, holdout };
  expect(await cut({ split, labels: keep })).toEqual(['train told yes', 'train untold null', 'late live null']);
  await rm(folder, { recursive: true });
});
