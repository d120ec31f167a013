import { nodeIdentity } from '@hindcast/adapters/node';
import { decode, type EventLog, encode, keyOf, type PredictionRequested } from '@hindcast/domain';
import { createMemoryReservations } from '@hindcast/domain/in-memory';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CommandWorld, churnInput, createCommandWorld } from './testing/command-world.ts';

/** Longer than any claim on a key is kept. */
const claimsForgottenMs = 3_600_000;

const row = (tenure: number) => ({ input: { ...churnInput, tenure } });
const bad = { input: { ...churnInput, tenure: 'x' } };
const one = (tenure: number) => ({ model: 'churn', ...row(tenure) });
const many = (...items: object[]) => ({ model: 'churn', items });

let world: CommandWorld;
let now = 0;

beforeEach(async () => {
  now = nodeIdentity.now();
  world = await createCommandWorld({ ports: { reservations: createMemoryReservations({ now: () => now }) } });
  await world.haveModel();
});
afterEach(() => world.close());

/** Sends under a key, and lets what is accepted be known by the log and its views alone. */
const keyed = async (payload: object) => {
  const answer = await world.send('POST', '/v1/predictions', payload, { 'idempotency-key': 'K' });
  const positions = String(answer.headers['hindcast-position'] ?? '');
  for (const position of positions.split(', ').filter(Boolean)) await world.seen(position);
  now += claimsForgottenMs;
  return answer;
};

describe('a key whose claim is forgotten', () => {
  it.each([
    ['one, then another one', one(1), one(2)],
    ['one, then many', one(1), many(row(1))],
    ['many, then one', many(row(1), row(2)), one(1)],
    ['many whose first ones were refused, then one', many(bad, bad, row(1)), one(1)],
    ['many, then more', many(row(1), row(2)), many(row(1), row(2), row(3))],
    ['many, then fewer', many(row(1), row(2)), many(row(1))],
    ['many, then the same in another order', many(row(1), row(2)), many(row(2), row(1))],
    [
      'one good of many, then another good one',
      many(...Array(16).fill(bad), row(1)),
      many(...Array(16).fill(bad), row(2)),
    ],
    ['one good of many, then another bad one', many(bad, row(1)), many({ input: null }, row(1))],
  ])('is refused to %s', async (_what, first, second) => {
    expect((await keyed(first)).statusCode).toBe(202);
    const accepted = (await world.events()).length;
    const answer = await keyed(second);
    expect(answer.json()).toMatchObject({ status: 422, type: '/problems/idempotency-key-reused' });
    expect(await world.events()).toHaveLength(accepted);
    const again = await keyed(first);
    expect(again.statusCode).toBe(202);
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(await world.events()).toHaveLength(accepted);
  });

  it('answers a repeat of many as before, with the refused refused again', async () => {
    const items = Array.from({ length: 250 }, (_, at) => (at % 50 === 0 ? bad : row(at)));
    const first = await keyed(many(...items));
    const again = await keyed(many(...items));
    expect(again.json()).toEqual(first.json());
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(await world.events()).toHaveLength(245);
    const { batchHash } = ((await world.events())[0] as PredictionRequested).data;
    for (const { data } of (await world.events()) as PredictionRequested[]) {
      expect(data).toMatchObject({ batchHash, batchItems: 250 });
    }
  });
});

/** Writes batches as they were before one of their items led the others: with ids by their places alone. */
const beforeLeads = (log: EventLog): EventLog => ({
  ...log,
  append(topic, records) {
    const rewritten = records.map((record) => {
      const decoded = decode({ ...record, topic, partition: 0, offset: 0, appendedAt: 0 });
      if (!decoded.ok || decoded.event.type !== 'PredictionRequested') return record;
      const { batchIndex } = decoded.event.data;
      if (batchIndex === undefined) return record;
      const subject = nodeIdentity.idFromText(`default/K\n${batchIndex}`);
      return encode({ ...decoded.event, subject, partitionkey: keyOf('default', subject) });
    });
    return log.append(topic, rewritten);
  },
});

describe('a key in a log of before batches had a lead', () => {
  it.each([
    ['one', one(1)],
    ['more', many(row(1), row(2), row(3))],
    ['fewer', many(row(1))],
    ['others', many(row(3), row(4))],
  ])('is known by every item, and refused to %s', async (_what, other) => {
    await world.close();
    let isBefore = true;
    world = await createCommandWorld({
      ports: { reservations: createMemoryReservations({ now: () => now }) },
      log: (log) => ({
        ...log,
        append: (...records) => (isBefore ? beforeLeads(log) : log).append(...records),
      }),
    });
    await world.haveModel();
    const batch = many(row(1), row(2));
    expect((await keyed(batch)).statusCode).toBe(202);
    isBefore = false;
    expect((await keyed(other)).json()).toMatchObject({ status: 422, type: '/problems/idempotency-key-reused' });
    const again = await keyed(batch);
    expect([again.statusCode, again.headers['idempotency-replayed']]).toEqual([202, 'true']);
    const ids = (again.json().items as { id: string }[]).map(({ id }) => id);
    expect(ids).toEqual([0, 1].map((index) => nodeIdentity.idFromText(`default/K\n${index}`)));
    expect(await world.events()).toHaveLength(2);
  });
});

describe('a key', () => {
  it('is free again when all of many were refused', async () => {
    const send = (payload: object) => world.send('POST', '/v1/predictions', payload, { 'idempotency-key': 'K' });
    expect((await send(many(bad, bad))).statusCode).toBe(422);
    expect((await send(many(row(1), bad))).statusCode).toBe(202);
  });

  it('is not kept in the log of what was sent without one', async () => {
    await world.send('POST', '/v1/predictions', many(row(1)));
    const { data } = (await world.events())[0] as PredictionRequested;
    expect(data.batchHash).toBeUndefined();
    expect(data.batchItems).toBeUndefined();
  });
});
