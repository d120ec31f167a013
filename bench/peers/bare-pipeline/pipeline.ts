import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import fastify from 'fastify';
import { churnRow } from '../fastify/churn-row.ts';
import type { Row } from '../session-run/feeds.ts';
import { requested, succeeded } from './events.ts';
import { openLog } from './log.ts';
import { startRunner } from './runner.ts';
import type { ViewRow } from './view-thread.ts';

/** A durable prediction without the rest: accepted when it is on disk, run, and ended when its result is. */
const file = process.env['MODEL'] ?? '';
const model = { name: process.env['NAME'] ?? '', sha256: hash('sha256', readFileSync(file)) };
const log = openLog('log.db');
const runner = await startRunner(file);
const view = new Worker(new URL('view-thread.js', import.meta.url), { workerData: 'views.db' });
view.on('message', (rows: number) => {
  viewed += rows;
});

const viewRowsPerCommit = 250;
const viewMsMax = 1_000;
const rowsMax = 1_000;

let ended = 0;
let viewed = 0;
let rows: ViewRow[] = [];
let timer: NodeJS.Timeout | undefined;

const writeRows = (): void => {
  clearTimeout(timer);
  timer = undefined;
  if (rows.length > 0) view.postMessage(rows);
  rows = [];
};

const keepInView = (row: ViewRow): void => {
  rows.push(row);
  if (rows.length >= viewRowsPerCommit) writeRows();
  else timer ??= setTimeout(writeRows, viewMsMax);
};

/** Calls `onEnd` with the output when the end is on disk. Answers the id of the prediction when its request is. */
const submit = (input: Row, onEnd?: (output: unknown) => void): Promise<string> =>
  new Promise((resolve) => {
    const { text, request } = requested(model, input);
    log.append(text, () => {
      resolve(request.prediction);
      runner.add(input, (ran) => {
        const end = succeeded(request, ran);
        log.append(end.text, () => {
          onEnd?.(ran.output);
          keepInView(end.viewRow(ended));
          ended += 1;
        });
      });
    });
  });

const row = model.name === 'churn' ? churnRow : {};
const one = { type: 'object', required: ['input'], properties: { input: row } };
const many = {
  type: 'object',
  required: ['inputs'],
  properties: { inputs: { type: 'array', maxItems: rowsMax, items: row } },
};

const id = { type: 'string' };
const accepted = (properties: Record<string, unknown>) => ({ 202: { type: 'object', properties } });

const door = fastify();

door.post<{ Body: { input: Row } }>(
  '/predict',
  { schema: { body: one, response: accepted({ id }) } },
  async ({ body }, reply) => reply.code(202).send({ id: await submit(body.input) }),
);

door.post<{ Body: { inputs: Row[] } }>(
  '/predict-many',
  { schema: { body: many, response: accepted({ ids: { type: 'array', items: id } }) } },
  async ({ body }, reply) =>
    reply.code(202).send({ ids: await Promise.all(body.inputs.map((input) => submit(input))) }),
);

door.post<{ Body: { input: Row } }>(
  '/predict-and-wait',
  { schema: { body: one } },
  ({ body }) => new Promise((resolve) => void submit(body.input, resolve)),
);

/** Asked when nothing more comes: what waits for the view need not wait longer. */
door.get('/completed', () => {
  writeRows();
  return viewed;
});

await door.listen({ host: '127.0.0.1', port: Number(process.env['PORT']) });
