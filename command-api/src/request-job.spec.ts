import { DEFAULT_TENANT } from '@hindcast/domain';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { commandLimits } from './command-ports.ts';
import { requestJob } from './request-job.ts';
import { type CommandWorld, createCommandWorld } from './testing/command-world.ts';

let world: CommandWorld;
beforeEach(async () => {
  world = await createCommandWorld();
});
afterEach(() => world.close());

const ask = (kind: string, spec: Record<string, unknown>, id?: string) =>
  requestJob({ ports: world.ports, limits: commandLimits, tenant: DEFAULT_TENANT }, { kind, spec, ...(id && { id }) });

it('a wish is the same job as often as it is asked for, however its members are ordered', async () => {
  const first = await ask('cut', { model: 'churn', to: 7 });
  expect(first).toMatchObject({ isNew: true, doc: { state: { status: 'queued', request: { kind: 'cut' } } } });
  const again = await ask('cut', { to: 7, model: 'churn' });
  expect([again.isNew, again.doc.id]).toEqual([false, first.doc.id]);
  const racing = await Promise.all([1, 2, 3].map(() => ask('cut', { to: 8 })));
  expect(new Set(racing.map(({ doc }) => doc.id)).size).toBe(1);
  expect(racing.filter(({ isNew }) => isNew)).toHaveLength(1);
  for (const other of [await ask('verify', { model: 'churn', to: 7 }), await ask('cut', { to: 7 })]) {
    expect(other.isNew).toBe(true);
    expect(other.doc.id).not.toBe(first.doc.id);
  }
});

it('an id of its own holds the first wish, and its hash tells whose it is', async () => {
  const first = await ask('cut', { to: 7 }, 'mine');
  const other = await ask('cut', { to: 8 }, 'mine');
  expect(other).toMatchObject({ isNew: false, doc: { id: 'mine', state: { request: { spec: { to: 7 } } } } });
  expect(other.doc.state.request.requestHash).toBe(first.doc.state.request.requestHash);
  await expect(ask('cut', { text: 'x'.repeat(20_000) })).rejects.toMatchObject({ code: 'invalid-body' });
});
