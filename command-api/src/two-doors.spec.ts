import { createMemoryReservations } from '@hindcast/domain/in-memory';
import { afterEach, expect, it } from 'vitest';
import { type CommandWorld, churnInput, createCommandWorld } from './testing/command-world.ts';
import { heldAppends } from './testing/held-appends.ts';

let world: CommandWorld;
afterEach(() => world.close());

const one = (tenure: number) => ({ model: 'churn', input: { ...churnInput, tenure } });
const many = (tenure: number) => ({ model: 'churn', items: [{ input: { ...churnInput, tenure } }] });

/** Two doors share claims. The append of the first request waits, and who asks then does so at a door that is not sure. */
const openDoors = async () => {
  const inner = createMemoryReservations({ now: () => performance.now() });
  const first = heldAppends(1);
  world = await createCommandWorld({
    ports: {
      reservations: {
        ...inner,
        async reserve(key, token, hash) {
          const claim = await inner.reserve(key, token, hash);
          return first.held() === 0 ? claim : { ...claim, sure: false };
        },
      },
    },
    log: first.log,
  });
  await world.haveModel();
  return first;
};
const keyed = (payload: object) => world.send('POST', '/v1/predictions', payload, { 'idempotency-key': 'k' });

it.each([
  ['one', one],
  ['many', many],
])('puts nothing before the record of who is sure of its claim, at a door that is not: %s', async (_what, bodyOf) => {
  const { held, letGo } = await openDoors();
  const first = keyed(bodyOf(1));
  await expect.poll(held).toBe(1);
  const inFlight = { status: 409, type: '/problems/idempotency-in-flight' };
  expect((await keyed(bodyOf(2))).json()).toMatchObject(inFlight);
  expect(await world.events()).toHaveLength(0);
  letGo();
  const answer = await first;
  expect(answer.statusCode).toBe(202);
  await world.seen(String(answer.headers['hindcast-position']));
  expect((await keyed(bodyOf(2))).json()).toMatchObject({ status: 422, type: '/problems/idempotency-key-reused' });
  expect(await world.events()).toHaveLength(1);
});
