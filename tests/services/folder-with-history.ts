import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultConfig, startHindcast } from 'hindcast';
import { pino } from 'pino';
import { churnInput } from '../faults/churn-input.ts';
import { clientOf, modelFile, until } from '../scenarios/client.ts';

const itemsPerRequest = 1_000;
/** Longer than what an event carries itself: it becomes a file. */
const largeText = 'x'.repeat(300_000);

export interface FolderWithHistory {
  readonly folder: string;
  /** Of predictions that are open: their model is paused. */
  readonly open: readonly string[];
  /** Of those whose time runs out within a moment. */
  readonly shortLived: readonly string[];
  readonly keyed: string;
}

/** What a Hindcast leaves behind after thousands of predictions of every kind of end. */
export const makeFolderWithHistory = async (predictions: number): Promise<FolderWithHistory> => {
  const folder = await mkdtemp(join(tmpdir(), 'hindcast-migrate-'));
  const running = await startHindcast(
    { ...defaultConfig, port: 0, data: folder, children: 2 },
    pino({ level: 'warn' }),
  );
  try {
    const client = clientOf(running.url);
    await client.addModel('linear', modelFile('linear'));
    const idOf = (body: Record<string, unknown>) => String(body['id']);
    const keyed = idOf((await client.submit({ model: 'churn', input: churnInput }, { 'idempotency-key': 'k' })).body);
    for (let sent = 0; sent < predictions; sent += itemsPerRequest) {
      const items = Array.from({ length: itemsPerRequest }, (_, at) => ({ input: churnInput, entity: `e-${at % 50}` }));
      const { status } = await client.submit({ model: 'churn', items });
      if (status !== 202) throw new Error(`The items were answered with ${status}.`);
    }
    const large = await client.submit({ model: 'churn', input: { ...churnInput, plan: largeText } });
    await client.ended(idOf(large.body));
    await client.ended(keyed);
    await client.request('POST', `/v1/predictions/${keyed}/labels`, { body: { value: 'yes' } });
    await client.request('POST', '/v1/models/linear/pause');
    const waiting = async (headers = {}) =>
      idOf((await client.submit({ model: 'linear', input: [1, 2, 3, 4] }, headers)).body);
    const open = [await waiting(), await waiting()];
    const canceled = await waiting();
    await client.request('POST', `/v1/predictions/${canceled}/cancel`);
    await client.ended(canceled);
    const shortLived = [await waiting({ 'cancel-after': '15s' })];
    await until(
      'everything else has ended',
      async () => {
        const { body } = await client.request('GET', '/v1/predictions?status=queued&model=churn&limit=1');
        return (body['data'] as readonly unknown[]).length === 0;
      },
      120_000,
    );
    return { folder, open, shortLived, keyed };
  } finally {
    await running.stop();
  }
};
