import {
  createTreeHash,
  fromBase64,
  openNote,
  parseAuditLine,
  parseCheckpoint,
  parseNoteKey,
  rootOfInclusion,
  TOPICS,
} from '@hindcast/domain';
import {
  aPredictionLabeled,
  aPredictionRequested,
  aPredictionSucceeded,
  auditCrypto,
  signPartition,
} from '@hindcast/domain/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProvenEvent } from './prediction-proof.ts';
import { type QueryWorld, queryWorld } from './testing/query-world.ts';

const ids = Array.from({ length: 40 }, (_, at) => `0198c2f0-5a3e-7cc1-9d3a-${String(at).padStart(12, '0')}`);
const id = ids[17] ?? '';
let world: QueryWorld;
let partition: number;

beforeEach(async () => {
  world = await queryWorld();
  for (const one of ids) await world.append(aPredictionRequested({ id: one, eventId: `r-${one}` }));
  ({ partition } = await world.append(aPredictionSucceeded({ id, eventId: `s-${id}`, cause: `r-${id}` })));
  await world.fold();
});
afterEach(() => world.close());

const checked = (event: ProvenEvent | undefined, keyText: string): unknown => {
  const key = parseNoteKey(auditCrypto, keyText);
  const opened = openNote(auditCrypto, key ? [key] : [], event?.checkpoint ?? '');
  expect(opened?.signature).toBe('valid');
  const checkpoint = parseCheckpoint(opened?.text ?? '');
  const hash = createTreeHash(auditCrypto);
  const bytes = Buffer.from(event?.leaf ?? '', 'base64');
  const path = (event?.path ?? []).flatMap((node) => fromBase64(node) ?? []);
  const root = rootOfInclusion(hash, {
    index: event?.index ?? -1,
    size: event?.size ?? -1,
    leaf: hash.leaf(bytes),
    path,
  });
  expect([event?.size, root]).toEqual([checkpoint?.size, checkpoint?.root]);
  return JSON.parse(bytes.subarray(bytes.indexOf('{"specversion"')).toString());
};

describe('GET /v1/predictions/{id}/proof', () => {
  it('proves every event of a prediction, those of later checkpoints too', async () => {
    const { after } = await signPartition(world.log, { topic: TOPICS.predictions, partition });
    await world.append(aPredictionLabeled({ id, eventId: `l-${id}`, value: 'yes' }));
    await world.fold();
    const early = (await world.get(`/v1/predictions/${id}/proof`)).json();
    expect(early.pending).toHaveLength(1);
    await signPartition(world.log, { topic: TOPICS.predictions, partition, before: after });
    const answer = await world.get(`/v1/predictions/${id}/proof`);
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    const proof = answer.json();
    expect(proof).toMatchObject({ id, pending: [] });
    expect(proof.events.map((event: ProvenEvent) => checked(event, proof.key))).toMatchObject([
      { type: 'PredictionRequested', subject: id },
      { type: 'PredictionSucceeded', subject: id },
      { type: 'PredictionLabeled', subject: id },
    ]);
    expect(proof.events[0].checkpoint).not.toBe(proof.events[2].checkpoint);
  });

  it('says that it is not signed for yet, that it is unknown, or that the log was changed', async () => {
    const asked = async (which: string) => {
      const { statusCode, headers, body } = await world.get(`/v1/predictions/${which}/proof`);
      return [statusCode, headers['retry-after'], JSON.parse(body).type];
    };
    expect(await asked(id)).toEqual([503, '5', '/problems/proof-not-ready']);
    expect(await asked('0198c2f0-5a3e-7cc1-9d3a-ffffffffffff')).toEqual([
      404,
      undefined,
      '/problems/unknown-prediction',
    ]);
    await signPartition(world.log, { topic: TOPICS.predictions, partition });
    const { read } = world.log;
    world.log.read = async function* (range) {
      for await (const page of read(range)) {
        yield page.map((record) =>
          record.offset === 1 && range.topic === TOPICS.predictions ? { ...record, value: '{}' } : record,
        );
      }
    };
    expect(await asked(id)).toEqual([500, undefined, '/problems/log-changed']);
  });
});

describe('what an auditor reads', () => {
  it('is the key, and the newest checkpoint of each partition', async () => {
    expect((await world.get('/v1/audit/key')).statusCode).toBe(404);
    expect((await world.get('/v1/audit/checkpoints')).json()).toEqual({ data: [] });
    const { after } = await signPartition(world.log, { topic: TOPICS.predictions, partition: 2 });
    await world.append(...ids.map((one) => aPredictionLabeled({ id: one, eventId: `l-${one}`, value: 1 })));
    const { note, key } = await signPartition(world.log, { topic: TOPICS.predictions, partition: 2, before: after });
    await signPartition(world.log, { topic: TOPICS.models, partition: 0 });
    const { body } = await world.get('/v1/audit/key');
    expect(parseNoteKey(auditCrypto, body)).toEqual(key);
    const { data } = (await world.get('/v1/audit/checkpoints?topic=predictions')).json();
    expect(data).toMatchObject([{ topic: TOPICS.predictions, partition: 2, note }]);
    expect((await world.get('/v1/audit/checkpoints')).json().data).toHaveLength(2);
    expect((await world.get('/v1/audit/checkpoints?partition=3')).json().data).toEqual([]);
  });

  it('is every record as it is stored', async () => {
    const head = (await world.get('/v1/audit/log')).json();
    const { ends } = head.topics.find(({ topic }: { topic: string }) => topic === TOPICS.predictions);
    expect(head).toMatchObject({ hindcastExport: 1, epoch: 0 });
    const answer = await world.get(`/v1/audit/records?topic=predictions&partition=${partition}`);
    const records = answer.body.trimEnd().split('\n').map(parseAuditLine);
    expect(records).toHaveLength(ends[partition]);
    const stored = [];
    for await (const page of world.log.read({ topic: TOPICS.predictions, partition, from: 0 })) stored.push(...page);
    expect(records).toEqual(stored.map(({ event: _, ...record }) => record));
    const part = await world.get(`/v1/audit/records?topic=predictions&partition=${partition}&from=2&to=4`);
    expect(part.body.trimEnd().split('\n').map(parseAuditLine)).toEqual(records.slice(2, 4));
    expect((await world.get('/v1/audit/records?topic=predictions&partition=9')).statusCode).toBe(400);
  });
});
