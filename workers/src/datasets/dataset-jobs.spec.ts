import { createHash } from 'node:crypto';
import {
  type DatasetManifest,
  type DatasetPlan,
  datasetIdOf,
  encode,
  JobFailure,
  type JobProgress,
  planDataset,
  TOPICS,
} from '@hindcast/domain';
import {
  createMemoryArtifactStore,
  createMemoryDatasetExtractor,
  createMemoryEventLog,
} from '@hindcast/domain/in-memory';
import {
  aModelRegistered,
  aPredictionRequested,
  aPredictionSucceeded,
  auditCrypto,
  signPartition,
} from '@hindcast/domain/testing';
import { describe, expect, it } from 'vitest';
import { createDatasetJobs } from './dataset-jobs.ts';

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');

const world = async () => {
  const partitions = {
    [TOPICS.predictions]: 2,
    [TOPICS.models]: 1,
    [TOPICS.jobs]: 1,
    [TOPICS.audit]: 1,
    [TOPICS.deadLetters]: 1,
  };
  const log = createMemoryEventLog({ partitions, now: () => 1_000, newId: () => 'id' });
  await log.append(
    TOPICS.predictions,
    [aPredictionRequested({ entity: 'anna' }), aPredictionSucceeded()].map((event) => encode(event)),
  );
  const artifacts = createMemoryArtifactStore({ sha256 });
  const extractor = createMemoryDatasetExtractor({ sha256 });
  const request = { model: 'churn', format: 'ndjson', labels: { absent: 'keep' } } as const;
  const planned = await planDataset(log, request, { tenant: 'default', extractor, redactionKeyId: undefined });
  if (!planned.ok) throw new Error(planned.refusal.detail);
  const ports = { log, artifacts, extractor, identity: { sha256 }, crypto: auditCrypto, redactionKey: undefined };
  const ended: string[] = [];
  const claim = async (datasetId: string) => ({
    work: `${datasetId}-2`,
    end: async (stays: boolean) => void ended.push(stays ? 'stays' : 'goes'),
  });
  const noted = new Map<string, unknown>();
  const notes = (work: string) => ({
    read: async () => noted.get(work),
    write: async (note: unknown) => void noted.set(work, note),
  });
  const told: JobProgress[] = [];
  const run = async (plan: DatasetPlan, given: Partial<typeof ports> = {}, signal = new AbortController().signal) => {
    const handler = createDatasetJobs({ ...ports, claim, notes, ...given })['dataset-cut'];
    const job = { id: 'j-1', tenant: 'default', kind: 'dataset-cut', spec: { plan }, attempt: 1 };
    return handler?.(job, { signal, progress: (progress) => void told.push(progress), checkpoint: undefined });
  };
  const read = async (digest: string): Promise<string> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of (await artifacts.get(digest)) ?? []) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  };
  return { log, plan: planned.plan, ports, run, ended, read, told };
};

describe('a cut as a job', () => {
  it('keeps its files and a manifest that names them', async () => {
    const { plan, run, read } = await world();
    const result = (await run(plan)) as { datasetId: string; manifest: { sha256: string } };
    expect(result.datasetId).toBe(datasetIdOf(plan, sha256));
    const manifest = JSON.parse(await read(result.manifest.sha256)) as DatasetManifest;
    expect(manifest).toMatchObject({
      datasetId: result.datasetId,
      accountedFor: { requests: 1, rows: 1 },
      cutAt: 1_000,
    });
    const [file] = manifest.files;
    const text = await read(file?.sha256 ?? '');
    expect(JSON.parse(text)).toMatchObject({ entity: 'anna', 'input.age': 41 });
    expect(file).toMatchObject({ name: 'all/part-00000.ndjson', rows: 1, bytes: text.length });
    expect(await run(plan)).toEqual(result);
  });

  it('names the roots of the trees that a notary signs, the same before it has signed and after more was stored', async () => {
    const { log, plan, run, read } = await world();
    const cut = async () => read(((await run(plan)) as { manifest: { sha256: string } }).manifest.sha256);
    const unsigned = await cut();
    const { roots = [] } = JSON.parse(unsigned) as DatasetManifest;
    expect(roots).toHaveLength(2);
    const { note, after } = await signPartition(log, {
      topic: TOPICS.predictions,
      partition: roots[0]?.partition ?? 0,
    });
    expect(note.split('\n').slice(1, 3)).toEqual([String(roots[0]?.size), roots[0]?.root]);
    expect(await cut()).toBe(unsigned);
    await log.append(TOPICS.predictions, [encode(aPredictionRequested({ eventId: 'later' }))]);
    await signPartition(log, { topic: TOPICS.predictions, partition: 0, before: after });
    expect(await cut()).toBe(unsigned);
  });

  it('tells of hashing, reading, folding and storing, and hashes nothing again that another attempt had hashed', async () => {
    const { log, plan, ports, run, told } = await world();
    const later = Array.from({ length: 20_000 }, (_, at) => encode(aPredictionRequested({ eventId: `later-${at}` })));
    await log.append(TOPICS.predictions, later);
    const { bounds } = log;
    const ranges = (await bounds(TOPICS.predictions)).map(({ partition, end }) => ({ partition, from: 0, to: end }));
    const larger = { ...plan, cut: { ...plan.cut, ranges } };
    let reads = 0;
    const dies: typeof log = {
      ...log,
      async *read(range) {
        for await (const page of log.read(range)) {
          if (range.topic === TOPICS.predictions) reads += page.length;
          if (reads > 15_000) throw new Error('It dies.');
          yield page;
        }
      },
    };
    await expect(run(larger, { log: dies })).rejects.toThrow('It dies.');
    expect(told.map(({ detail }) => detail)).toEqual(told.map(() => 'hashing'));
    expect(told[0]?.done).toBe(0);
    told.length = 0;
    await run(larger);
    expect(told[0]).toMatchObject({
      detail: 'hashing',
      done: expect.toSatisfy((done) => done > 8_000 && done <= 15_000),
    });
    expect(new Set(told.map(({ detail }) => detail))).toEqual(new Set(['hashing', 'reading', 'folding', 'storing']));
    const last = told.at(-1);
    expect(last).toMatchObject({ detail: 'storing', done: last?.total });
    expect(told.filter(({ done, total }) => done === total)).toHaveLength(1);
    told.length = 0;
    await run(larger, { extractor: ports.extractor });
    expect(told[0]).toMatchObject({ detail: 'reading', total: last?.total });
  });

  it('works in what it has claimed, and leaves that for a next attempt only where it is broken off', async () => {
    const { plan, ports, run, ended } = await world();
    const asked: string[] = [];
    const watched: typeof ports.extractor = {
      ...ports.extractor,
      async extract(of, work, ...given) {
        asked.push(work);
        return ports.extractor.extract(of, work, ...given);
      },
    };
    await run(plan, { extractor: watched });
    await expect(run({ ...plan, extractor: 'fold/0' })).rejects.toThrow();
    await expect(run(plan, {}, AbortSignal.abort())).rejects.toThrow();
    expect([asked, ended]).toEqual([[`${datasetIdOf(plan, sha256)}-2`], ['goes', 'goes', 'stays']]);
  });

  it('fails where requests are in no account', async () => {
    const { plan, ports, run } = await world();
    const extractor: typeof ports.extractor = {
      ...ports.extractor,
      async extract(...given) {
        const extracted = await ports.extractor.extract(...given);
        return { ...extracted, accountedFor: { ...extracted.accountedFor, requests: 2 } };
      },
    };
    await expect(run(plan, { extractor })).rejects.toMatchObject({ code: 'not_accounted_for' });
  });

  it('fails where nobody knows the model, and not where it is registered or was only imported', async () => {
    const { log, plan, run } = await world();
    const of = (model: string) => run({ ...plan, spec: { ...plan.spec, model } });
    await expect(of('fraud')).rejects.toMatchObject({
      code: 'unknown_model',
      message: 'No model is named fraud. No model is registered yet.',
    });
    await log.append(TOPICS.models, [encode(aModelRegistered({ name: 'fraud' }))]);
    expect(await of('fraud')).toMatchObject({ accountedFor: { requests: 1, rows: 0 } });
    expect(await of('churn')).toMatchObject({ accountedFor: { requests: 1 } });
    await expect(of('fruad')).rejects.toMatchObject({ message: 'No model is named fruad. Did you mean fraud?' });
  });

  it('fails where this process would write other bytes, or hash with another key', async () => {
    const { plan, run } = await world();
    await expect(run({ ...plan, extractor: 'fold/0' })).rejects.toBeInstanceOf(JobFailure);
    await expect(run({ ...plan, redactionKeyId: '0'.repeat(16) })).rejects.toMatchObject({
      code: 'other_redaction_key',
    });
  });
});
