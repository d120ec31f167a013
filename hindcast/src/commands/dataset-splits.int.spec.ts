import { afterEach, expect, it } from 'vitest';
import { cli, closeAll, send, serve } from '../testing/run-cli.ts';

afterEach(closeAll);

const cutOf = async (...files: readonly { readonly split: string; readonly rows: number }[]) => {
  const manifest = {
    ...{ datasetId: 'd'.repeat(64), spec: {}, columns: [], accountedFor: { requests: 5, rows: 5 } },
    cut: { epoch: 0, ranges: [{ partition: 0, from: 0, to: 9 }] },
    files: files.map(({ split, rows }, at) => ({ name: `${split}/part-${at}.parquet`, bytes: 1, split, rows })),
  };
  const { url } = await serve(({ method, path }, response) => {
    if (method === 'POST') return send(response, 202, { id: 'd1', job: 'j1' });
    return send(response, 200, path.startsWith('/v1/jobs') ? { status: 'succeeded' } : manifest);
  });
  const told = await cli(['datasets', 'create', 'churn', '--json', '--url', url]);
  expect([told.code, JSON.parse(told.out)]).toEqual([0, manifest]);
  return told.err;
};

it('says how many rows each split has, and which has none, beside the answer', async () => {
  const err = await cutOf({ split: 'a', rows: 2 }, { split: 'a', rows: 3 }, { split: 'b', rows: 0 });
  expect(err).toContain('Rows by split: a 5, b 0.\nThe split b is empty: no row came into it.\n');
});

it('says only how many rows there are where each split has some', async () => {
  const err = await cutOf({ split: 'a', rows: 2 }, { split: 'b', rows: 3 });
  expect(err).toContain('Rows by split: a 2, b 3.\n');
  expect(err).not.toContain('is empty');
});

it('says nothing of a set that is not split', async () => {
  expect(await cutOf({ split: 'all', rows: 0 })).not.toContain('split');
});
