import { nodeIdentity } from '@hindcast/adapters/node';
import type { Reservations } from '@hindcast/domain';
import { createMemoryReservations } from '@hindcast/domain/in-memory';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type CommandWorld, churnInput, createCommandWorld } from './testing/command-world.ts';
import { heldAppends } from './testing/held-appends.ts';

/** Longer than a claim lasts of which nothing is heard, and shorter than it is remembered. */
const claimOverMs = 31_000;

const one = (tenure: number) => ({ model: 'churn', input: { ...churnInput, tenure } });
const many = (tenure: number) => ({ model: 'churn', items: [{ input: { ...churnInput, tenure } }] });
const reused = { status: 422, type: '/problems/idempotency-key-reused' };
const inFlight = { status: 409, type: '/problems/idempotency-in-flight' };

let world: CommandWorld;
let now = 0;
afterEach(() => world.close());

const keyed = (payload: object) => world.send('POST', '/v1/predictions', payload, { 'idempotency-key': 'k' });

const start = async ({
  claims = createMemoryReservations({ now: () => now }),
  log,
}: {
  claims?: Reservations;
  log?: ReturnType<typeof heldAppends>['log'];
} = {}) => {
  now = nodeIdentity.now();
  world = await createCommandWorld({ ports: { reservations: claims }, ...(log && { log }) });
  await world.haveModel();
};

/** A request whose append waits, for longer than its claim lasts. */
const startSlowly = async () => {
  const appends = heldAppends(1);
  await start({ log: appends.log });
  const slow = keyed(one(1));
  await expect.poll(appends.held).toBe(1);
  now += claimOverMs;
  return { slow, letGo: appends.letGo };
};

/** The next look into the views for what is under the key waits. */
const holdNextLook = () => {
  let goOn = (): void => {};
  let fail = (_error: Error): void => {};
  const going = new Promise<void>((resolve, reject) => {
    goOn = resolve;
    fail = reject;
  });
  const { views } = world.ports;
  const predictions = views.predictions.bind(views);
  const look = vi.spyOn(views, 'predictions').mockImplementationOnce(async (query) => {
    await going;
    return predictions(query);
  });
  return {
    goOn: () => goOn(),
    fail: (error: Error) => fail(error),
    isUnderWay: () => expect.poll(() => look.mock.calls.length).toBe(1),
  };
};

describe('who holds a key for longer than a claim lasts', () => {
  it('does not let go of the claim of another', async () => {
    await start();
    const look = holdNextLook();
    const slow = keyed(one(1));
    await look.isUnderWay();
    world.holdViews();
    now += claimOverMs;
    const winner = keyed(one(2));
    await expect.poll(async () => (await world.events()).length).toBe(1);
    look.fail(new Error('The store is away.'));
    expect((await slow).statusCode).toBe(503);
    expect((await keyed(one(3))).json()).toMatchObject(inFlight);
    world.releaseViews();
    expect((await winner).statusCode).toBe(202);
    expect((await keyed(one(3))).json()).toMatchObject(reused);
    expect(await world.events()).toHaveLength(1);
  });

  it('is not accepted by the claim of another', async () => {
    const { slow, letGo } = await startSlowly();
    expect((await keyed(one(2))).statusCode).toBe(202);
    expect((await keyed(one(2))).headers['idempotency-replayed']).toBe('true');
    letGo();
    expect((await slow).json()).toMatchObject(reused);
    expect((await keyed(one(2))).headers['idempotency-replayed']).toBe('true');
  });

  it('may still win where who took the key over failed, and nobody else is told 202', async () => {
    const { slow, letGo } = await startSlowly();
    expect((await keyed({ ...one(2), model: 'nobody' })).statusCode).toBe(404);
    world.holdViews();
    letGo();
    await expect.poll(async () => (await world.events()).length).toBe(1);
    const late = keyed(one(3));
    await new Promise((resolve) => setTimeout(resolve, 100));
    world.releaseViews();
    expect([(await slow).statusCode, (await late).statusCode]).toEqual([202, 422]);
    expect(await world.events()).toHaveLength(1);
  });

  it('appends nothing where preparing it took too long', async () => {
    await start();
    const look = holdNextLook();
    const slow = keyed(one(1));
    await look.isUnderWay();
    const at = performance.now();
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => at + claimOverMs);
    look.goOn();
    expect((await slow).json()).toMatchObject({ status: 503, type: '/problems/claims-unavailable' });
    clock.mockRestore();
    expect(await world.events()).toHaveLength(0);
    expect((await keyed(one(1))).statusCode).toBe(202);
  });
});

describe('a request whose key another body holds', () => {
  /** Sends another request as soon as the next claim is taken, and while it is held. */
  const whileHeld = async (send: () => ReturnType<typeof keyed>, hold: () => ReturnType<typeof keyed>) => {
    const { reservations } = world.ports;
    const reserve = reservations.reserve.bind(reservations);
    let answer: Awaited<ReturnType<typeof keyed>> | undefined;
    vi.spyOn(reservations, 'reserve').mockImplementationOnce(async (...claim) => {
      const taken = await reserve(...claim);
      answer = await send();
      return taken;
    });
    const holder = await hold();
    return { holder, answer };
  };

  it.each([
    ['one', one],
    ['many', many],
  ])('gets the answer that it had before: %s', async (_what, bodyOf) => {
    await start();
    const first = await keyed(bodyOf(1));
    for (const position of String(first.headers['hindcast-position']).split(', ')) await world.seen(position);
    now += 3_600_000;
    const { holder, answer } = await whileHeld(
      () => keyed(bodyOf(1)),
      () => keyed(bodyOf(2)),
    );
    expect(answer?.statusCode).toBe(202);
    expect(answer?.headers['idempotency-replayed']).toBe('true');
    expect(holder.json()).toMatchObject(reused);
  });

  it.each([
    ['one', one],
    ['many', many],
  ])('is not told of a prediction that nobody accepted: %s', async (_what, bodyOf) => {
    await start();
    const { holder, answer } = await whileHeld(
      () => keyed(bodyOf(1)),
      () => keyed({ ...bodyOf(2), model: 'nobody' }),
    );
    expect([holder.statusCode, answer?.json()]).toEqual([404, expect.objectContaining(inFlight)]);
    expect((await keyed(bodyOf(1))).statusCode).toBe(202);
  });

  it('is refused where the view knows many under it, whoever holds it', async () => {
    const claims = createMemoryReservations({ now: () => now });
    await start({ claims });
    const first = await keyed(many(1));
    for (const position of String(first.headers['hindcast-position']).split(', ')) await world.seen(position);
    now += 3_600_000;
    await claims.reserve(`default/${first.json().batchId}`, 'who is gone', 'a hash of many');
    expect((await keyed(one(1))).json()).toMatchObject(reused);
  });
});

describe('in a time in which no claim is sure', () => {
  const pairs = [
    ['many, then more of them', many(1), { ...many(1), items: [...many(1).items, ...many(2).items] }],
    ['one, then many', one(1), many(2)],
    ['many, then one', many(2), one(1)],
    ['one, then another', one(1), one(2)],
  ] as const;

  it.each(pairs)('what was accepted before wins, and nothing else is in the log: %s', async (_what, first, second) => {
    let sure = true;
    const inner = createMemoryReservations({ now: () => now });
    const reserve: typeof inner.reserve = async (...claim) => {
      const taken = await inner.reserve(...claim);
      return sure ? taken : { ...taken, sure: false };
    };
    await start({ claims: { ...inner, reserve } });
    world.holdViews();
    expect((await keyed(first)).statusCode).toBe(202);
    now += 3_600_000;
    sure = false;
    const late = keyed(second);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await world.events()).toHaveLength(1);
    world.releaseViews();
    expect((await late).json()).toMatchObject(reused);
    expect((await keyed(first)).statusCode).toBe(202);
    expect(await world.events()).toHaveLength(1);
  });
});
