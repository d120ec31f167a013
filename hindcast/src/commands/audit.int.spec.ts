import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  auditExportHead,
  auditLine,
  createTreeHash,
  formatNoteKey,
  readTreeRoots,
  TOPICS,
  type Topic,
  toBase64,
} from '@hindcast/domain';
import { createMemoryEventLog, type LocalEventLog } from '@hindcast/domain/in-memory';
import { auditCrypto, signPartition } from '@hindcast/domain/testing';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { replayTopics } from '../replay-topic.ts';
import { cli, closeAll, send, serve } from '../testing/run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'hindcast-audit-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(closeAll);
const inFolder = (name: string) => join(folder, name);

let log: LocalEventLog;
beforeEach(() => {
  log = createMemoryEventLog({
    partitions: {
      [TOPICS.predictions]: 2,
      [TOPICS.models]: 1,
      [TOPICS.jobs]: 1,
      [TOPICS.audit]: 1,
      [TOPICS.deadLetters]: 1,
    },
    now: Date.now,
    newId: randomUUID,
  });
});

const sendRecords = async (response: ServerResponse, url: URL, damagedFrom: number) => {
  const named = url.searchParams.get('topic') as keyof typeof replayTopics;
  const [partition, from, to] = ['partition', 'from', 'to'].map((name) => Number(url.searchParams.get(name)));
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  const topic: Topic = replayTopics[named];
  for await (const page of log.read({ topic, partition: partition ?? 0, from: from ?? 0, to: to ?? 0 })) {
    for (const record of page) {
      if (topic === TOPICS.predictions && record.offset >= damagedFrom) {
        return response.end(`${JSON.stringify({ damaged: 'the file is damaged' })}\n`);
      }
      response.write(`${auditLine(record)}\n`);
    }
  }
  return response.end();
};
/** The routes of an auditor, as the query API has them. */
const serveLog = async ({ damagedFrom = Number.POSITIVE_INFINITY, breaks = false, epoch = 0 } = {}) => {
  const { url } = await serve(async ({ path }, response) => {
    const asked = new URL(path, 'http://localhost');
    if (asked.pathname === '/v1/audit/log') return send(response, 200, { ...(await auditExportHead(log)), epoch });
    if (breaks) return response.destroy();
    return sendRecords(response, asked, damagedFrom);
  });
  return url;
};
const signed = async () => {
  await log.append(
    TOPICS.predictions,
    Array.from({ length: 20 }, (_, at) => ({ key: `k${at}`, value: '{}', headers: {} })),
  );
  for (const partition of [0, 1]) await signPartition(log, { topic: TOPICS.predictions, partition });
  return signPartition(log, { topic: TOPICS.models, partition: 0 });
};

describe('hindcast audit', () => {
  it('compares the log with what a data set says of it', async () => {
    await signed();
    const url = await serveLog();
    const topic = TOPICS.predictions;
    const [{ logId, epoch } = { logId: '', epoch: 0 }] = await log.bounds(topic);
    const size = 1;
    const [read] = await readTreeRoots(log, createTreeHash(auditCrypto), topic, [{ partition: 1, size }]);
    const verify = async (root: string, of: object = {}) => {
      const cut = { topic, logId, epoch, ranges: [], ...of };
      const file = inFolder('manifest.json');
      writeFileSync(file, JSON.stringify({ contract: 7, cut, roots: [{ partition: 1, size, root }] }));
      return cli(['audit', 'verify', '--url', url, '--manifest', file]);
    };
    const root = toBase64(read?.root ?? '');
    expect(await verify(root)).toMatchObject({
      code: 0,
      out: expect.stringContaining('as 3 checkpoints say. They also fit the roots of data sets (1)'),
    });
    const other = await verify(`A${root.slice(1)}`);
    expect(other).toMatchObject({
      code: 1,
      err: expect.stringContaining('1 finding: the log is not what was signed.'),
    });
    expect(other.out).toContain(`${topic}, partition 1: the first record that is not as it was signed is at offset 0`);
    expect((await verify(root, { logId: 'another' })).out).toContain(
      'is of the log another (epoch 0), not of this one',
    );
    expect((await verify('')).code).toBe(2);
  });

  it('verifies, exports and prints what a server has', async () => {
    const { key } = await signed();
    const url = await serveLog();
    const verified = await cli(['audit', 'verify', '--url', url]);
    expect(verified).toMatchObject({
      code: 0,
      out: expect.stringContaining('23 records in 3 partitions are as 3 checkpoints say. 2 are not'),
    });
    expect(verified.err).toContain('as the log itself says');
    expect((await cli(['audit', 'key', '--url', url])).out.trim()).toBe(formatNoteKey(key));
    const file = inFolder('checkpoints.txt');
    expect((await cli(['audit', 'checkpoint', '--url', url, '--out', file])).err).toContain('3 checkpoints');
    const again = await cli([
      'audit',
      'verify',
      '--json',
      '--url',
      url,
      '--checkpoints',
      file,
      '--key',
      formatNoteKey(key),
    ]);
    expect(JSON.parse(again.out)).toMatchObject({ findings: [], keys: [formatNoteKey(key)] });
    expect((await cli(['audit', 'export', '--url', url, '--out', inFolder('log.ndjson')])).code).toBe(0);
    expect(readFileSync(inFolder('log.ndjson'), 'utf8').trimEnd().split('\n')).toHaveLength(1 + 25 + 4);
  });

  it('goes on where it was broken off, and reads only what is new', async () => {
    await signed();
    const { url, asked } = await serve(async ({ path }, response) => {
      const at = new URL(path, 'http://localhost');
      if (at.pathname === '/v1/audit/log') return send(response, 200, await auditExportHead(log));
      if (isBroken && at.searchParams.get('partition') === '1') return response.destroy();
      return sendRecords(response, at, Number.POSITIVE_INFINITY);
    });
    const state = inFolder('verified.json');
    const verify = async (...more: readonly string[]) => {
      const before = asked.length;
      const ended = await cli(['audit', 'verify', '--url', url, '--state', state, ...more]);
      const read = asked.slice(before).filter(({ path }) => path.includes('topic=predictions'));
      return { ...ended, from: read.map(({ path }) => /partition=(\d)&from=(\d+)/.exec(path)?.slice(1).map(Number)) };
    };
    const ends = (await log.bounds(TOPICS.predictions)).map(({ end }) => end);
    let isBroken = true;
    expect(await verify()).toMatchObject({ code: 1, err: expect.stringContaining('could not be read to its end') });
    isBroken = false;
    expect(await verify()).toMatchObject({
      code: 0,
      from: [[1, 0]],
      err: expect.stringContaining('by an earlier run'),
    });
    expect(await verify()).toMatchObject({ code: 0, from: [] });
    await log.append(TOPICS.predictions, [{ key: 'k0', value: '{}', headers: {} }]);
    const [grown = 0] = (await log.bounds(TOPICS.predictions)).flatMap(({ end }, at) => (end === ends[at] ? [] : [at]));
    expect(await verify()).toMatchObject({ code: 0, from: [[grown, ends[grown]]] });
    expect(await verify('--full')).toMatchObject({
      ...{
        code: 0,
        from: [
          [0, 0],
          [1, 0],
        ],
      },
      err: expect.not.stringContaining('by an earlier run'),
    });
    const text = readFileSync(state, 'utf8');
    writeFileSync(state, text.replace('"peaks":["', '"peaks":["AAAA'));
    expect(await verify()).toMatchObject({ code: 2, err: expect.stringContaining('do not give the root') });
    writeFileSync(state, text.slice(1));
    expect(await verify()).toMatchObject({ code: 2, err: expect.stringContaining('no state of a verification') });
    expect(await cli(['audit', 'verify', '--url', url, '--full'])).toMatchObject({ code: 2 });
    const nowhere = await cli(['audit', 'verify', '--url', url, '--state', inFolder('nowhere/state.json')]);
    expect(nowhere).toMatchObject({ code: 1, err: expect.stringContaining('cannot be written') });
  });

  it('names what a server cannot read, and takes a broken connection for no finding', async () => {
    await signed();
    const damaged = await cli(['audit', 'verify', '--url', await serveLog({ damagedFrom: 3 })]);
    expect(damaged.code).toBe(1);
    expect(damaged.out).toContain(`${TOPICS.predictions}, partition 0: offset 3 cannot be read: the file is damaged`);
    const broken = await cli(['audit', 'verify', '--url', await serveLog({ breaks: true })]);
    expect(broken).toMatchObject({ code: 1, out: '', err: expect.stringContaining('could not be read to its end') });
  });

  it('fails where nothing was signed of this epoch: then nothing is proven', async () => {
    const url = await serveLog();
    const nothing = {
      code: 1,
      err: expect.stringContaining('No checkpoint is of this log and its epoch, so that nothing'),
    };
    expect(await cli(['audit', 'verify', '--url', url])).toMatchObject(nothing);
    expect((await cli(['audit', 'checkpoint', '--url', url])).code).toBe(1);
    await signed();
    const moved = await cli(['audit', 'verify', '--url', await serveLog({ epoch: 1 })]);
    expect(moved).toMatchObject({ ...nothing, out: expect.stringContaining('0 records in 0 partitions') });
    expect(moved.err).toContain('3 checkpoints are of an earlier epoch');
  });

  it('says what is wrong with a key or a file that it was given', async () => {
    const key = await cli(['audit', 'verify', '--key', 'nonsense', '--url', 'http://127.0.0.1:1']);
    expect(key).toMatchObject({ code: 2, err: expect.stringContaining('is no key') });
    const missing = await cli(['audit', 'verify', '--checkpoints', inFolder('nowhere'), '--url', 'http://127.0.0.1:1']);
    expect(missing).toMatchObject({ code: 2, err: expect.stringContaining('no such file') });
    writeFileSync(inFolder('empty'), '\n');
    const empty = await cli(['audit', 'verify', '--checkpoints', inFolder('empty'), '--url', 'http://127.0.0.1:1']);
    expect(empty).toMatchObject({ code: 2, err: expect.stringContaining('holds no checkpoint') });
  });

  it('waits for a proof that is not ready', async () => {
    const proofs = [
      [503, { detail: 'not yet' }],
      [200, { events: [1], pending: ['0:0:1'] }],
      [200, { events: [1, 2], pending: [] }],
    ] as const;
    const { url, asked } = await serve((_, response, turn) => {
      const [status, body] = proofs[turn - 1] ?? proofs[2];
      send(response, status, body);
    });
    const file = inFolder('proof.json');
    expect(await cli(['audit', 'prove', 'some/id', '--url', url, '--out', file])).toMatchObject({
      code: 0,
      err: expect.stringContaining('2 events'),
    });
    expect(asked).toHaveLength(3);
    expect(asked[0]?.path).toBe('/v1/predictions/some%2Fid/proof');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(proofs[2][1]);
  });
});
