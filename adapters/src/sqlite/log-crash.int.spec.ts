import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { TOPICS } from '@hindcast/domain';
import { expect, it } from 'vitest';
import { openSqliteEventLog } from './event-log.ts';
import { openSqliteLogReader } from './log-reader.ts';

const topic = TOPICS.predictions;
const partitions = {
  [TOPICS.predictions]: 4,
  [TOPICS.models]: 1,
  [TOPICS.jobs]: 1,
  [TOPICS.audit]: 1,
  [TOPICS.deadLetters]: 1,
};
const source = fileURLToPath(new URL('./event-log.ts', import.meta.url));
const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Loads the sources as the tests do, then appends without end and prints each position that was acknowledged. */
const programOf = (folder: string, life: number): string => `
  import { createViteServer } from 'vitest/node';
  const conditions = ['@hindcast/source', 'node', 'import', 'default'];
  const server = await createViteServer({
    configFile: false, root: ${JSON.stringify(root)}, logLevel: 'error', appType: 'custom',
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
    resolve: { conditions }, ssr: { resolve: { conditions } },
  });
  const { openSqliteEventLog } = await server.ssrLoadModule(${JSON.stringify(source)});
  let ids = 0;
  const log = await openSqliteEventLog({
    folder: ${JSON.stringify(folder)}, partitions: ${JSON.stringify(partitions)}, now: Date.now,
    newId: () => 'id-${life}-' + ids++,
  });
  const consumer = await log.consume({ topic: '${topic}', group: 'g' }, {
    onBatch: async ({ partition, records }) => consumer.commit(partition, records.at(-1).offset + 1),
  });
  let serial = 0;
  const appender = async () => {
    for (;;) {
      const records = Array.from({ length: 1 + (serial % 9) }, () => {
        const key = '${life}-' + serial++;
        return { key, value: key + 'x'.repeat(serial % 3000), headers: { type: 'Test' } };
      });
      const outcomes = await log.append('${topic}', records);
      const lines = outcomes.map((outcome, i) =>
        outcome.position.partition + ' ' + outcome.position.offset + ' ' + records[i].key);
      process.stdout.write(lines.join('\\n') + '\\n');
    }
  };
  await Promise.all(Array.from({ length: 8 }, appender));
`;

interface Acknowledged {
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
}

const startAppender = (folder: string, life: number) => {
  const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', programOf(folder, life)], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const acknowledged: Acknowledged[] = [];
  if (!child.stdout) throw new Error('The child has no output.');
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    const [partition = '', offset = '', key = ''] = line.split(' ');
    if (key !== '') acknowledged.push({ partition: Number(partition), offset: Number(offset), key });
  });
  const kill = async (): Promise<void> => {
    const closed = once(lines, 'close');
    child.kill('SIGKILL');
    await closed;
  };
  return { acknowledged, kill };
};

it('keeps every acknowledged record, and dense offsets, however often it is killed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hindcast-crash-'));
  const all: Acknowledged[] = [];
  for (let life = 0; life < 4; life++) {
    const { acknowledged, kill } = startAppender(folder, life);
    const enough = 50 + Math.floor(Math.random() * 3_000);
    await expect.poll(() => acknowledged.length, { timeout: 40_000, interval: 3 }).toBeGreaterThan(enough);

    await expect(openSqliteEventLog({ folder, partitions, now: Date.now, newId: () => 'x' })).rejects.toMatchObject({
      code: 'locked',
    });
    const reader = openSqliteLogReader(folder);
    const ends = (await reader.bounds(topic)).map(({ end }) => end);
    for (const { partition, offset } of acknowledged.slice(0, enough))
      expect(offset).toBeLessThan(ends[partition] ?? 0);
    reader.close();
    await kill();
    all.push(...acknowledged);
  }

  const log = await openSqliteEventLog({ folder, partitions, now: Date.now, newId: () => 'x' });
  const stored = new Map<string, string>();
  for (const { partition, end } of await log.bounds(topic)) {
    let next = 0;
    for await (const page of log.read({ topic, partition, from: 0 })) {
      for (const { offset, key, value } of page) {
        expect(offset).toBe(next);
        if (offset > 0) expect(value.startsWith(key)).toBe(true);
        stored.set(`${partition} ${offset}`, key);
        next += 1;
      }
    }
    expect(next).toBe(end);
  }
  const lost = all.filter(({ partition, offset, key }) => stored.get(`${partition} ${offset}`) !== key);
  expect(lost).toEqual([]);

  const committed: number[] = [];
  const consumer = await log.consume(
    { topic, group: 'g' },
    {
      onAssigned: async (partition, next = 0) => {
        committed[partition] = next;
        return undefined;
      },
      onBatch: async () => {},
    },
  );
  await expect.poll(() => committed.filter((next) => next !== undefined).length).toBe(partitions[topic]);
  for (const { partition, end } of await log.bounds(topic)) expect(committed[partition]).toBeLessThanOrEqual(end);
  await consumer.stop();
  await log.stop();
  await rm(folder, { recursive: true });
}, 180_000);
