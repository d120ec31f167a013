import { expect } from 'vitest';
import { type Client, clientOf, sampleFile, until } from './client.ts';
import type { Scenario } from './system.ts';

interface Outcome {
  readonly line: number;
  readonly status: string;
  readonly predictions: readonly string[];
}
interface Row {
  readonly accepted: number;
  readonly succeeded: number;
  readonly labeled: number;
  readonly coverage: number;
  readonly absent: number;
  readonly classes?: Readonly<Record<string, number>>;
}

const model = 'leave';
const inputOf = (i: number) => ({
  ...{ tenure_months: (i * 7) % 60, monthly_charges: 20 + ((i * 13) % 80), support_calls: i % 6, late_payments: i % 3 },
  ...{ usage_hours: (i * 11) % 120, plan: ['basic', 'plus'][i % 2], region: ['north', 'south'][(i >> 1) % 2] },
});
const eventTimeOf = (i: number) => new Date(Date.UTC(2026, 2, 1 + (i % 28))).toISOString();
const itemOf = (i: number) => ({
  ...{ input: inputOf(i), referenceId: `order-${i}`, entity: `customer-${i}`, eventTime: eventTimeOf(i) },
});
const marchOf = (i: number) => ({ entity: `customer-${i}`, from: '2026-03-01T00:00:00Z', to: '2026-04-01T00:00:00Z' });

const upload = async (url: string, lines: readonly object[], key: string): Promise<readonly Outcome[]> => {
  const response = await fetch(`${url}/v1/labels`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson', 'idempotency-key': key },
    body: lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
  });
  expect(response.status).toBe(200);
  return (await response.text()).split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Outcome]));
};

const submit = async (client: Client, numbers: readonly number[]): Promise<readonly string[]> => {
  const { body } = await client.submit({ model, items: numbers.map(itemOf) });
  const ids = (body['items'] as { id: string }[]).map(({ id }) => id);
  await Promise.all(ids.map((id) => client.ended(id)));
  return ids;
};

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

export const labelsMakeQuality: Scenario = {
  title: 'labels by id, reference and entity, early, late and corrected, give the quality that a checker computes',
  async run(start) {
    const { url } = await start();
    const client = clientOf(url);
    await client.addModel(model, sampleFile('churn/model.onnx'));
    const truth = new Map<number, string>();
    const say = (i: number, value: string) => {
      truth.set(i, value);
      return value;
    };
    const firstSaid = (i: number) => (i % 3 === 0 ? 'yes' : 'no');

    // Labels come first for 170 to 199, by each of the three names; a second one corrects some of them while they wait.
    const early = [
      ...numbers(170, 180).map((i) => ({ id: `early-${i}`, value: say(i, firstSaid(i)) })),
      ...numbers(180, 190).map((i) => ({ referenceId: `order-${i}`, value: say(i, firstSaid(i)) })),
      ...numbers(190, 200).map((i) => ({ ...marchOf(i), model, value: say(i, firstSaid(i)) })),
      ...[181, 182, 184].map((i) => ({ referenceId: `order-${i}`, value: say(i, 'yes') })),
    ];
    expect((await upload(url, early, 'early')).map(({ status }) => status)).toEqual(early.map(() => 'parked'));
    await until('all of them are listed as parked', async () => (await parked(client)).length === early.length);

    const ids = [...(await submit(client, numbers(0, 170)))];
    for (const i of numbers(170, 180)) {
      const put = await client.request('PUT', `/v1/predictions/early-${i}`, { body: { model, ...itemOf(i) } });
      expect(put.status).toBe(202);
      ids.push(`early-${i}`);
    }
    await Promise.all(ids.slice(170).map((id) => client.ended(id)));
    ids.push(...(await submit(client, numbers(180, 200))));

    const late = [
      ...numbers(0, 40).map((i) => ({ id: ids[i], value: say(i, firstSaid(i)) })),
      ...numbers(40, 80).map((i) => ({ referenceId: `order-${i}`, value: say(i, firstSaid(i)) })),
      ...numbers(80, 120).map((i) => ({ ...marchOf(i), value: say(i, firstSaid(i)) })),
    ];
    const outcomes = await upload(url, late, 'late');
    expect(outcomes.map(({ line, status }) => `${line} ${status}`)).toEqual(late.map((_, at) => `${at + 1} applied`));
    expect(outcomes.map(({ predictions }) => predictions)).toEqual(late.map((_, i) => [ids[i]]));
    const corrections = numbers(30, 50).map((i) => ({ id: ids[i], value: say(i, i % 2 === 0 ? 'yes' : 'no') }));
    await upload(url, corrections, 'corrections');
    // The first upload again, as after a lost answer: it corrects nothing.
    await upload(url, late, 'late');
    const one = await client.request('POST', '/v1/labels', {
      body: { referenceId: 'order-120', value: say(120, 'yes') },
    });
    expect(one.body).toMatchObject({ status: 'applied', predictions: [ids[120]] });

    await until('nothing is parked', async () => (await parked(client)).length === 0);
    await until('every label is with its prediction', async () => {
      for (const [i, value] of truth) if ((await newestLabel(client, ids[i])) !== value) return false;
      return true;
    });
    expect((await revisions(client, ids[182])).map(({ value }) => value)).toEqual(['no', 'yes']);
    const corrected = await revisions(client, ids[31]);
    expect(corrected.map(({ revision }) => revision)).toEqual(corrected.map((_, at) => at + 1));
    expect(corrected.length).toBeLessThanOrEqual(2);

    const scores = await Promise.all(ids.map(async (id) => answerOf((await client.get(id)).body)));
    const labeled = [...truth].map(([i, value]) => ({ ...(scores[i] as Scored), is: value === 'yes' }));
    const row = await quality(client, '');
    expect(row).toMatchObject({ accepted: 200, succeeded: 200, labeled: truth.size, coverage: truth.size / 200 });
    expectQuality(row, labeled);

    expect(await quality(client, '?absent=0&after=0h&maturity=1h')).toMatchObject({ accepted: 0, immature: 200 });
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    const absent = await quality(client, `?absent=no&after=0h&until=${soon}`);
    // The hour of the accept has not passed: nothing is old enough for the policy.
    expect(absent.absent).toBe(0);
    expectQuality(absent, labeled);
  },
};

interface Scored {
  readonly yes: number;
  readonly decision: boolean;
}
const answerOf = (body: Readonly<Record<string, unknown>>): Scored => {
  const output = body['output'] as { probabilities: { yes: number }; decision?: boolean };
  return { yes: output.probabilities.yes, decision: output.decision ?? output.probabilities.yes >= 0.5 };
};

const expectQuality = ({ classes }: Row, all: readonly (Scored & { readonly is: boolean })[]): void => {
  const mean = (of: (one: (typeof all)[number]) => number) => all.reduce((sum, one) => sum + of(one), 0) / all.length;
  expect(classes?.['n']).toBe(all.length);
  expect(classes?.['accuracy']).toBeCloseTo(
    mean(({ yes, is }) => Number(yes > 0.5 === is)),
    9,
  );
  expect(classes?.['decisionAccuracy']).toBeCloseTo(
    mean(({ decision, is }) => Number(decision === is)),
    9,
  );
  expect(classes?.['brier']).toBeCloseTo(
    mean(({ yes, is }) => (yes - Number(is)) ** 2),
    5,
  );
  expect(classes?.['logLoss']).toBeCloseTo(
    mean(({ yes, is }) => -Math.log(is ? yes : 1 - yes)),
    4,
  );
  let [won, pairs] = [0, 0];
  for (const a of all.filter(({ is }) => is)) {
    for (const b of all.filter(({ is }) => !is)) {
      pairs += 1;
      won += a.yes > b.yes ? 1 : a.yes === b.yes ? 0.5 : 0;
    }
  }
  expect(Math.abs((classes?.['auc'] ?? 0) - won / pairs)).toBeLessThanOrEqual((classes?.['aucError'] ?? 0) + 1e-9);
};

const parked = async (client: Client): Promise<readonly unknown[]> =>
  (await client.request('GET', '/v1/labels?status=parked&limit=200')).body['data'] as readonly unknown[];

const revisions = async (client: Client, id: unknown): Promise<readonly Readonly<Record<string, unknown>>[]> =>
  (await client.request('GET', `/v1/predictions/${String(id)}/labels`)).body['data'] as never;

const newestLabel = async (client: Client, id: unknown): Promise<unknown> =>
  (await revisions(client, id)).find(({ counts }) => counts === true)?.['value'];

const quality = async (client: Client, query: string): Promise<Row & { readonly immature: number }> => {
  const { status, body } = await client.request('GET', `/v1/models/${model}/quality${query}`);
  expect(status, JSON.stringify(body)).toBe(200);
  return (body['data'] as never[])[0] as never;
};
