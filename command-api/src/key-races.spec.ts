import { setTimeout as pause } from 'node:timers/promises';
import { isKnown } from '@hindcast/adapters/http';
import { nodeIdentity } from '@hindcast/adapters/node';
import { type EventLog, LogError, TOPICS } from '@hindcast/domain';
import { createMemoryReservations } from '@hindcast/domain/in-memory';
import { aModelRoutingMoved, seededRandom } from '@hindcast/domain/testing';
import { expect, it } from 'vitest';
import { type CommandWorld, churnInput, churnSignature, createCommandWorld } from './testing/command-world.ts';

const runs = 40;
const claimsForgottenMs = 3_600_000;

const row = (tenure: unknown) => ({ input: { ...churnInput, tenure } });
const many = (...tenures: unknown[]) => ({ model: 'churn', items: tenures.map(row) });
/** What is sent under one key. Rows with null are refused by the stricter version of the model, others by both. */
const bodies = {
  one: { model: 'churn', ...row(1) },
  other: { model: 'churn', ...row(2) },
  'one of many': many(1),
  two: many(1, 2),
  'two in another order': many(2, 1),
  'two others': many(1, 3),
  three: many(1, 2, 3),
  'twice the same': many(1, 1),
  'first refused': many('x', 1, 2),
  'first refused now and then': many(null, 1, 2),
  'second refused now and then': many(1, null, 2),
} as const;
type Name = keyof typeof bodies;
const names = Object.keys(bodies) as Name[];

/** Records are lost, come in without an answer, or come in late; each of a request has a fate of its own. */
const unsteady = (log: EventLog, random: (below: number) => number, isOver: () => boolean) => {
  const late: Promise<unknown>[] = [];
  const failed = { ok: false, error: new LogError('unavailable', 'no answer') } as const;
  const appendOne: (...one: Parameters<EventLog['append']>) => ReturnType<EventLog['append']> = async (topic, one) => {
    await pause(random(12));
    const fate = random(100);
    if (fate >= 28) return log.append(topic, one);
    if (fate >= 20) late.push(pause(10 + random(40)).then(() => log.append(topic, one)));
    else if (fate >= 12) await log.append(topic, one);
    return [failed];
  };
  const append: EventLog['append'] = async (topic, records) => {
    if (topic !== TOPICS.predictions || isOver()) return log.append(topic, records);
    return (await Promise.all(records.map((record) => appendOne(topic, [record])))).flat();
  };
  return { log: { ...log, append }, late };
};

interface Told {
  readonly name: Name;
  readonly status: number;
  readonly items: readonly { readonly id?: string; readonly requestHash?: string }[];
}

/** Several requests under one key at once, while claims are not sure, views are late and the log is unsteady; then each again, in calm. */
const race = async (seed: number, areClaimsSeen: boolean) => {
  const random = seededRandom(seed);
  let isOver = false;
  let now = nodeIdentity.now();
  const claims = createMemoryReservations({ now: () => now });
  const reserve: typeof claims.reserve = async (...claim) => {
    const taken = await claims.reserve(...claim);
    if (isOver) return taken;
    if (!areClaimsSeen) return { held: false, sure: false };
    return random(3) > 0 ? taken : { ...taken, sure: taken.held && taken.by.accepted !== undefined };
  };
  const accept: typeof claims.accept = async (...of) => (isOver || areClaimsSeen) && claims.accept(...of);
  let late: readonly Promise<unknown>[] = [];
  const world = await createCommandWorld({
    ports: { reservations: { ...claims, reserve, accept } },
    limits: { outcomeWaitMs: 150, viewPollMs: 5 },
    log: (log) => {
      const made = unsteady(log, random, () => isOver);
      late = made.late;
      return made.log;
    },
  });
  const told: Told[] = [];
  const send = async (name: Name) => {
    const answer = await world.send('POST', '/v1/predictions', bodies[name], { 'idempotency-key': 'K' });
    const body = answer.json();
    told.push({ name, status: answer.statusCode, items: answer.statusCode < 300 ? (body.items ?? [body]) : [] });
  };
  try {
    await haveTwoVersions(world);
    const chosen = Array.from({ length: 2 + random(2) }, () => names[random(names.length)] as Name);
    const asked: Promise<unknown>[] = [];
    let areViewsHeld = false;
    const holdViews = async () => {
      areViewsHeld = true;
      world.holdViews();
      await pause(random(120));
      world.releaseViews();
      areViewsHeld = false;
    };
    for (let count = 4 + random(6); count > 0; count -= 1) {
      if (!areViewsHeld && random(5) === 0) asked.push(holdViews());
      if (random(3) === 0) await promote(world, 1 + random(2));
      asked.push(send(chosen[random(chosen.length)] as Name));
      await pause(random(24));
    }
    await Promise.all(asked);
    await Promise.all(late);
    await pause(60);
    isOver = true;
    for (const name of [...chosen, ...chosen.reverse()]) {
      now += claimsForgottenMs;
      await send(name);
      await pause(20);
    }
    return await wrongIn(told, world);
  } finally {
    await world.close();
  }
};

const haveTwoVersions = async (world: CommandWorld): Promise<void> => {
  await world.haveModel({ signature: churnSignature });
  const features = churnSignature.features.map((feature) => ({ ...feature, missing: 'refuse' as const }));
  await world.haveModel({ signature: { ...churnSignature, features } });
};
const promote = (world: CommandWorld, champion: number): Promise<void> => {
  const base = world.ports.catalog.get('default', 'churn')?.revision ?? 0;
  return world.haveModelEvent(
    aModelRoutingMoved({ routing: { champion, canary: [] }, base, eventId: nodeIdentity.newId() }),
  );
};

/** One body wins and goes on winning, and each of its rows keeps its id and is the row of that id. */
const wrongIn = async (told: readonly Told[], world: CommandWorld): Promise<readonly string[]> => {
  const wrong: string[] = [];
  const winners = new Set(told.filter(({ status }) => status < 300).map(({ name }) => name));
  if (winners.size > 1) wrong.push(`accepted: ${[...winners].join(', ')}`);
  const ids = new Map<number, string>();
  for (const { name, status, items } of told) {
    if (status === 422 && winners.has(name)) wrong.push(`${name} was accepted, and refused`);
    if (![201, 202, 409, 422, 503].includes(status)) wrong.push(`${name}: ${status}`);
    for (const [place, { id, requestHash }] of items.entries()) {
      if (id === undefined) continue;
      if ((ids.get(place) ?? id) !== id) wrong.push(`${name}: item ${place} has another id`);
      ids.set(place, id);
      const doc = await world.ports.views.prediction(`default/${id}`);
      const isOwn = doc && isKnown(doc) && doc.state.request.requestHash === requestHash;
      if (!isOwn) wrong.push(`${name}: ${id} is not item ${place}`);
    }
  }
  return wrong;
};

it.each([
  ['seen, and not sure now and then', true],
  ['never seen', false],
])(
  'whatever races under a key, one body has it for good: claims %s',
  { timeout: 120_000 },
  async (_how, areClaimsSeen) => {
    const wrong: object[] = [];
    for (let seed = 1; seed <= runs; seed += 1) {
      const found = await race(seed, areClaimsSeen);
      if (found.length > 0) wrong.push({ seed, found });
    }
    expect(wrong).toEqual([]);
  },
);
