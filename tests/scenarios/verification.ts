import { expect } from 'vitest';
import { type Answer, type Client, clientOf, modelFile } from './client.ts';
import type { Scenario } from './system.ts';

/** A verification, or another job that is shown at a place of its own, when it has ended. */
export const jobEnded = async (client: Client, begun: Answer): Promise<Answer['body']> => {
  expect(begun).toMatchObject({ status: 202 });
  const { self, job } = begun.body['links'] as { self: string; job: string };
  for (let look = 0; look < 12; look++) {
    const { body } = await client.request('GET', job, { headers: { prefer: 'wait=10' } });
    if (body['endedAt'] !== undefined) return (await client.request('GET', self)).body;
  }
  throw new Error(`${job} has not ended.`);
};

export const pastAnswersAreGivenAgain: Scenario = {
  title: 'past predictions give the same bits when they are run again, however they were run',
  async run(start) {
    const client = clientOf((await start()).url);
    await client.addModel('linear', modelFile('linear'));
    await client.addModel('mlp', modelFile('mlp'));
    await Promise.all(Array.from({ length: 30 }, (_, at) => predictAloneAndTogether(client, at)));

    const whole = await jobEnded(client, await client.request('POST', '/v1/verifications'));
    expect(whole).toMatchObject({
      status: 'succeeded',
      report: { verified: 330, exact: 330, mismatch: 0, counts: { requests: 330, unfinished: 0 } },
    });
    const { groups, again } = whole['report'] as { groups: { model: string; runtime: string }[]; again: string[] };
    expect(groups.map(({ model }) => model).sort()).toEqual(['linear', 'mlp']);
    expect(again).toEqual([groups[0]?.runtime]);

    const wish = { model: 'linear@1', sample: { share: 0.5, salt: 'x' }, to: await endOf(client) };
    const first = await jobEnded(client, await client.request('POST', '/v1/verifications', { body: wish }));
    const repeated = await client.request('POST', '/v1/verifications', { body: wish });
    expect(repeated.body).toMatchObject({ id: first['id'], status: 'succeeded' });
    const { verified, exact } = first['report'] as { verified: number; exact: number };
    expect(verified).toBeGreaterThan(3);
    expect(verified).toBeLessThan(27);
    expect(exact).toBe(verified);

    const refused = await client.request('POST', '/v1/verifications', { body: { model: 'nobody' } });
    expect(refused).toMatchObject({ status: 404, body: { type: '/problems/unknown-model' } });
    const elsewhere = await client.request('POST', '/v1/verifications', { body: { to: '0:0:999999999' } });
    expect(elsewhere).toMatchObject({ status: 422, body: { type: '/problems/invalid-body' } });
  },
};

const predictAloneAndTogether = async (client: Client, seed: number): Promise<void> => {
  const row = (width: number, at = 0) => Array.from({ length: width }, (_, i) => Math.sin(seed + at + i / 7));
  const items = Array.from({ length: 10 }, (_, at) => ({ input: row(16, at) }));
  const many = await client.submit({ model: 'mlp', items });
  await client.submit({ model: 'linear', input: row(4) }, { prefer: 'wait=10' });
  await Promise.all((many.body['items'] as { id: string }[]).map(({ id }) => client.ended(id)));
};

/** Positions at which the log ends now. */
export const endOf = async ({ url }: Client): Promise<string> => {
  const answer = await fetch(`${url}/v1/events?limit=1`);
  await answer.text();
  return String(answer.headers.get('hindcast-log-end'));
};
