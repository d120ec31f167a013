import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteLogReader } from '@hindcast/adapters/sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import type { HindcastProcess } from '../distributed/hindcast-process.ts';
import { clientOf, until } from '../scenarios/client.ts';
import { dumpLog, foldRaw, statusOf } from '../scenarios/log-dump.ts';
import { churnInput } from './churn-input.ts';
import { randomFrom, seedOfTest } from './random-from.ts';
import { startServerProcess } from './server-process.ts';

const submissions = 5_000;
const kills = 6;

describe('kill -9 at random moments', () => {
  let folder = '';
  let server: HindcastProcess | undefined;
  afterAll(async () => {
    await server?.kill();
    await rm(folder, { recursive: true, force: true });
  });

  it(`during ${submissions} submissions: after the restart every 202 has exactly one terminal state`, {
    timeout: 300_000,
  }, async () => {
    const seed = seedOfTest();
    const random = randomFrom(seed);
    folder = await mkdtemp(join(tmpdir(), 'hindcast-kill-'));
    server = await startServerProcess(folder);
    const accepted = new Set<string>();
    let sent = 0;

    const submitter = async () => {
      while (sent < submissions) {
        const at = sent++;
        for (;;) {
          try {
            const { status, body } = await clientOf((server as HindcastProcess).url).submit(
              { model: 'churn', input: churnInput, referenceId: `r-${at}` },
              at % 3 === 0 ? { 'idempotency-key': `key-${at}` } : {},
            );
            if (status === 202 || status === 201) accepted.add(String(body['id']));
            if (status < 500 && status !== 409) break;
          } catch {
            // The server died under this request: its outcome is unknown, and a client may send it again.
          }
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    };
    const nemesis = async () => {
      for (let kill = 0; kill < kills; kill++) {
        const aim = (submissions * (kill + random())) / (kills + 1);
        await until('enough submissions before the next kill', async () => sent >= aim, 120_000);
        await new Promise((resolve) => setTimeout(resolve, random() * 50));
        await (server as HindcastProcess).kill();
        server = await startServerProcess(folder);
      }
    };
    await Promise.all([nemesis(), ...Array.from({ length: 16 }, submitter)]);

    const client = clientOf((server as HindcastProcess).url);
    for (const id of accepted) await client.ended(id, 60_000);

    const reader = openSqliteLogReader(folder);
    const folded = foldRaw(await dumpLog(reader));
    reader.close();
    const wrong: string[] = [];
    for (const id of accepted) {
      const { body } = await client.get(id);
      const truth = statusOf(folded.get(id)?.end);
      if (body['status'] !== truth || truth !== 'succeeded')
        wrong.push(`${id}: view ${String(body['status'])}, log ${truth}`);
    }
    expect(wrong, `seed ${seed}`).toEqual([]);
    expect(accepted.size, `seed ${seed}`).toBeGreaterThanOrEqual(submissions);
    const byReference = new Map<unknown, number>();
    for (const { request } of folded.values()) {
      const keyed = Number(String(request.data['referenceId']).slice(2)) % 3 === 0;
      if (keyed) byReference.set(request.data['referenceId'], (byReference.get(request.data['referenceId']) ?? 0) + 1);
    }
    expect(
      [...byReference].filter(([, count]) => count > 1),
      'a retried key is one prediction',
    ).toEqual([]);
  });
});
