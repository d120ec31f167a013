import { LogError, TOPICS } from '@hindcast/domain';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type CommandWorld, churnInput, createCommandWorld } from './testing/command-world.ts';
import { heldAppends } from './testing/held-appends.ts';

const body = { model: 'churn', input: churnInput };
let world: CommandWorld;
afterEach(() => world.close());

const start = async (overrides: Parameters<typeof createCommandWorld>[0]) => {
  world = await createCommandWorld(overrides);
  await world.haveModel();
};
const keyed = (key: string, payload: object = body) =>
  world.send('POST', '/v1/predictions', payload, { 'idempotency-key': key });

describe.each([
  ['are not sure', false, true],
  ['were lost before their append was done', true, false],
])('a key whose claims %s', (_how, sure, kept) => {
  const unsure = {
    reserve: async () => ({ held: false, sure }) as const,
    accept: async () => kept,
    release: async () => {},
    doubt: async () => {},
  };
  const many = (...tenures: readonly unknown[]) => ({
    model: 'churn',
    items: tenures.map((tenure) => ({ input: { ...churnInput, tenure } })),
  });

  it.each([
    ['one, then another', body, { ...body, entity: 'b' }, 1, 1],
    ['many, then others', many(1, 2), many(1, 3), 2, 2],
    ['many, then more', many(1, 2), many(1, 2, 3), 2, 3],
    ['one, then many', body, many(1, 2), 1, 2],
    ['one, then the same as one of many', body, { model: 'churn', items: [{ input: churnInput }] }, 1, 1],
    ['many, then one', many(1, 2), body, 2, 1],
    ['one of many, then the same as one', { model: 'churn', items: [{ input: churnInput }] }, body, 1, 1],
    ['many whose first is refused, then one', many('x', 2), body, 1, 1],
  ])('is answered by what the log made of it: %s', async (_what, first, second, ofFirst, ofSecond) => {
    const appends = heldAppends();
    await start({ ports: { reservations: unsure }, log: appends.log });
    const winner = keyed('k', first);
    await expect.poll(appends.held).toBe(1);
    const [repeat, loser] = [keyed('k', first), keyed('k', second)];
    await expect.poll(appends.held).toBe(3);
    appends.letGo();
    expect((await loser).json()).toMatchObject({ status: 422, type: '/problems/idempotency-key-reused' });
    expect([(await winner).statusCode, (await repeat).statusCode]).toEqual([202, 202]);
    const again = await keyed('k', first);
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect((await keyed('k', second)).statusCode).toBe(422);
    expect(await world.events()).toHaveLength(2 * ofFirst + ofSecond);
    expect((await repeat).json()).toEqual((await winner).json());
    expect(again.json()).toEqual((await winner).json());
  });

  it('is a repeat where an equal request was first', async () => {
    const appends = heldAppends();
    await start({ ports: { reservations: unsure }, log: appends.log });
    const racing = [keyed('k'), keyed('k')];
    await expect.poll(appends.held).toBe(2);
    appends.letGo();
    const answers = await Promise.all(racing);
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([202, 202]);
    expect(answers.filter(({ headers }) => headers['idempotency-replayed'] === 'true')).toHaveLength(1);
  });

  it.each([
    ['one', body],
    ['many', many(1, 2)],
  ])('is a 503 while the view is too far behind to tell, and safe to repeat: %s', async (_what, payload) => {
    await start({ ports: { reservations: unsure }, limits: { outcomeWaitMs: 50 } });
    world.holdViews();
    const answer = await keyed('k', payload);
    expect(answer.json()).toMatchObject({ status: 503, type: '/problems/view-behind' });
    expect(answer.headers['retry-after']).toBe('1');
    world.releaseViews();
    await expect.poll(async () => (await keyed('k', payload)).statusCode).toBe(202);
  });

  it('does not take an unsure holder of another body for the winner, nor its claim', async () => {
    const by = { hash: 'other', accepted: undefined };
    const release = vi.fn(async () => {});
    await start({
      ports: { reservations: { ...unsure, release, reserve: async () => ({ held: true, sure: false, by }) } },
    });
    expect((await keyed('k')).json().type).toBe('/problems/idempotency-in-flight');
    expect((await keyed('k2', many(1, 2))).json().type).toBe('/problems/idempotency-in-flight');
    expect(await world.events()).toHaveLength(0);
    expect(release).not.toHaveBeenCalled();
  });
});

describe('a key', () => {
  it.each([
    ['one', body, { ...body, entity: 'b' }],
    [
      'many',
      { model: 'churn', items: [{ input: churnInput }] },
      { model: 'churn', items: [{ input: churnInput, entity: 'b' }] },
    ],
  ])('whose request the log has, but did not say so, is refused to another body: %s', async (_what, first, second) => {
    let lost = 0;
    const noAnswer = { ok: false, error: new LogError('unavailable', 'no acknowledgement') } as const;
    await start({
      log: (log) => ({
        ...log,
        async append(topic, records) {
          const outcomes = await log.append(topic, records);
          if (topic !== TOPICS.predictions || lost > 0) return outcomes;
          lost += records.length;
          return outcomes.map(() => noAnswer);
        },
      }),
    });
    world.holdViews();
    expect((await keyed('k', first)).statusCode).toBe(503);
    const other = keyed('k', second);
    await new Promise((resolve) => setTimeout(resolve, 100));
    world.releaseViews();
    expect((await other).json()).toMatchObject({ status: 422, type: '/problems/idempotency-key-reused' });
    expect((await keyed('k', first)).statusCode).toBe(202);
    expect(await world.events()).toHaveLength(1);
  });

  it.each([
    ['one', body],
    ['many', { model: 'churn', items: [{ input: churnInput }, { input: churnInput, entity: 'c' }] }],
  ])('is free where many under it came into the log without their lead, for %s', async (_what, other) => {
    let isFirst = true;
    await start({
      log: (log) => ({
        ...log,
        async append(topic, [lead, ...rest]) {
          if (topic !== TOPICS.predictions || !isFirst || !lead)
            return log.append(topic, lead ? [lead, ...rest] : rest);
          isFirst = false;
          return [{ ok: false, error: new LogError('unavailable', 'no room') }, ...(await log.append(topic, rest))];
        },
      }),
    });
    const first = { model: 'churn', items: ['a', 'b'].map((entity) => ({ input: churnInput, entity })) };
    expect((await keyed('k', first)).statusCode).toBe(503);
    expect(await world.events()).toHaveLength(1);
    expect((await keyed('k', other)).statusCode).toBe(202);
    expect((await keyed('k', first)).json()).toMatchObject({ status: 422, type: '/problems/idempotency-key-reused' });
    const again = await keyed('k', other);
    expect([again.statusCode, again.headers['idempotency-replayed']]).toEqual([202, 'true']);
  });
});
