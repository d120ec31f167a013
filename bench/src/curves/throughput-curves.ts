import { registerModel } from '../beside/hindcast-door.ts';
import { inputs, itemsPerBatch, model } from '../churn-requests.ts';
import type { Curve, CurveOptions, Point } from './curve.ts';
import { denseModel, denseRows } from './dense-model.ts';
import { complete, withServer } from './loaded-server.ts';

const churn = { model, inputs };

/** A curve of settings, each with a server of its own. */
const curve = <At>(
  about: Omit<Curve, 'measure'>,
  settings: readonly At[],
  measure: (at: At, options: CurveOptions) => Promise<Point>,
): Curve => ({
  ...about,
  async *measure(options) {
    for (const at of settings) yield await measure(at, options);
  },
});

export const itemsCurve = curve(
  {
    name: 'items',
    title: 'Rows in a request',
    about: 'Single requests over 64 connections, items over 8; model `churn`.',
  },
  [1, 10, 100, 1_000],
  (each, { seconds }) =>
    withServer({}, async (server) => ({
      at: String(each),
      figures: await complete(server, { ...churn, each, seconds }),
    })),
);

export const partitionsCurve = curve(
  {
    name: 'partitions',
    title: 'Partitions of the log',
    about: 'Single requests over 64 connections; model `churn`.',
  },
  [1, 4, 12, 48],
  (partitions, { seconds }) =>
    withServer({ flags: ['--partitions', String(partitions)] }, async (server) => ({
      at: String(partitions),
      figures: await complete(server, { ...churn, each: 1, seconds }),
    })),
);

const widths = { '5 kB': 24, '70 kB': 128, '1.1 MB': 512, '4.8 MB': 1_088 } as const;

export const modelSizeCurve = curve(
  {
    name: 'model-size',
    title: 'Size of the model',
    about:
      'Items ×100 over 8 connections; dense layers of 32-bit floats, where each row multiplies a quarter as many numbers as the file has bytes.',
  },
  Object.entries(widths),
  ([at, width], { seconds }) =>
    withServer({}, async (server) => {
      await registerModel(server.url, { name: 'dense', file: Uint8Array.from(denseModel(width)) });
      return {
        at,
        figures: await complete(server, { model: 'dense', inputs: denseRows, each: itemsPerBatch, seconds }),
      };
    }),
);

export const inferenceProcessesCurve = curve(
  {
    name: 'inference-processes',
    title: 'Processes that run models',
    about: 'Items ×100 over 8 connections; the dense model of 4.8 MB.',
  },
  [1, 2, 4],
  (children, { seconds }) =>
    withServer({ flags: ['--children', String(children)] }, async (server) => {
      await registerModel(server.url, { name: 'dense', file: Uint8Array.from(denseModel(widths['4.8 MB'])) });
      const figures = await complete(server, { model: 'dense', inputs: denseRows, each: itemsPerBatch, seconds });
      return { at: String(children), figures };
    }),
);

/** Both in turn, three times: what they differ by is less than a machine drifts within minutes. */
const auditRounds = 3;

export const auditCurve: Curve = {
  name: 'audit',
  title: 'Hashing and signing the log',
  about: 'Items ×100 over 8 connections; model `churn`; with and without `HINDCAST_AUDIT`, in turn.',
  async *measure({ seconds }) {
    for (let round = 1; round <= auditRounds; round++)
      for (const audit of ['true', 'false'])
        yield await withServer({ env: { HINDCAST_AUDIT: audit } }, async (server) => ({
          at: `${audit === 'true' ? 'with' : 'without'}, round ${round}`,
          figures: await complete(server, { ...churn, each: itemsPerBatch, seconds }),
        }));
  },
};
