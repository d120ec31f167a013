import {
  createTreeHash,
  type Frontier,
  fromBase64,
  isConsistent,
  openNote,
  parseCheckpoint,
  parseNoteKey,
  rootOf,
  TOPICS,
} from '@hindcast/domain';
import { aPredictionLabeled, aPredictionRequested, auditCrypto, signPartition } from '@hindcast/domain/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type QueryWorld, queryWorld } from './testing/query-world.ts';

const id = '0198c2f0-5a3e-7cc1-9d3a-000000000001';
const hash = createTreeHash(auditCrypto);
let world: QueryWorld;
let partition: number;
/** Of each checkpoint, in their order. */
let signed: Frontier[];

beforeEach(async () => {
  world = await queryWorld();
  ({ partition } = await world.append(aPredictionRequested({ id, eventId: 'r' })));
  signed = [];
  for (let step = 0; step < 6; step++) {
    for (let at = 0; at <= step; at++)
      await world.append(aPredictionLabeled({ id, eventId: `l-${step}-${at}`, value: at }));
    const before = signed.at(-1);
    signed.push(
      (await signPartition(world.log, { topic: TOPICS.predictions, partition, ...(before && { before }) })).after,
    );
  }
});
afterEach(() => world.close());

const ask = (query: string) => world.get(`/v1/audit/consistency?topic=predictions&partition=${partition}&${query}`);
/** As an auditor checks it, who has kept the older root. */
const holds = async (older: Frontier, query: string): Promise<boolean> => {
  const proof = (await ask(`from=${older.size}${query}`)).json();
  const key = parseNoteKey(auditCrypto, proof.key);
  const note = openNote(auditCrypto, key ? [key] : [], proof.checkpoint);
  expect([note?.signature, proof.oldSize]).toEqual(['valid', older.size]);
  const { size = -1, root = '' } = { ...parseCheckpoint(note?.text ?? '') };
  expect(proof.size).toBe(size);
  const path = proof.path.flatMap((node: string) => fromBase64(node) ?? []);
  return isConsistent(hash, { oldSize: older.size, oldRoot: rootOf(hash, older.peaks), size, root, path });
};

describe('GET /v1/audit/consistency', () => {
  it('proves that each checkpoint begins with every older one', async () => {
    for (const [at, older] of signed.entries()) {
      expect(await holds(older, '')).toBe(true);
      for (const { size } of signed.slice(at)) expect(await holds(older, `&to=${size}`)).toBe(true);
    }
    const [first, second] = signed;
    const other = { size: first?.size ?? 0, peaks: second?.peaks ?? [] };
    expect(await holds(other, '')).toBe(false);
  });

  it('says which checkpoints are not there, and that the log was changed', async () => {
    const asked = async (query: string) => {
      const { statusCode, body } = await ask(query);
      return [statusCode, JSON.parse(body).type];
    };
    const [first, last] = [signed[0]?.size ?? 0, signed.at(-1)?.size ?? 0];
    expect(await asked(`from=${last + 1}`)).toEqual([404, '/problems/no-checkpoint']);
    expect(await asked(`from=1&to=${last - 1}`)).toEqual([404, '/problems/no-checkpoint']);
    expect(await asked(`from=${last}&to=${first}`)).toEqual([400, '/problems/invalid-parameter']);
    expect(await asked('from=0')).toEqual([400, '/problems/invalid-parameter']);
    const { read } = world.log;
    world.log.read = async function* (range) {
      for await (const page of read(range)) {
        yield page.map((record) =>
          record.offset === last - 1 && range.topic === TOPICS.predictions ? { ...record, value: '{}' } : record,
        );
      }
    };
    expect(await asked(`from=${first}`)).toEqual([500, '/problems/log-changed']);
  });
});
