import { outputShownBytesMax } from '@hindcast/adapters/http';
import type { DataRef } from '@hindcast/domain';
import {
  aPredictionCanceled,
  aPredictionLabeled,
  aPredictionRequested,
  aPredictionSucceeded,
} from '@hindcast/domain/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type QueryWorld, queryWorld } from './testing/query-world.ts';

const path = '/v1/predictions/p-1';
const long = { text: 'é'.repeat(300_000) };

let world: QueryWorld;
beforeEach(async () => {
  world = await queryWorld();
});
afterEach(() => world.close());

const stored = (value: unknown): Promise<DataRef> => {
  const bytes = Buffer.from(JSON.stringify(value), 'utf8');
  return world.artifacts.put(
    (async function* () {
      for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
    })(),
    bytes.length,
  );
};

const tell = async (...events: Parameters<QueryWorld['append']>) => {
  await world.append(...events);
  await world.fold();
};

describe('the input and the output of a prediction', () => {
  it.each([{ a: [1, null, 'é'] }, [1, 2], 'text', 0, false, null])('%j are read as JSON', async (value) => {
    await tell(aPredictionLabeled(), aPredictionRequested({ input: value }), aPredictionSucceeded({ output: value }));
    for (const part of ['input', 'output']) {
      const answer = await world.get(`${path}/${part}`);
      expect([part, answer.statusCode, answer.body]).toEqual([part, 200, JSON.stringify(value)]);
      expect(answer.headers).toMatchObject({
        'content-type': 'application/json; charset=utf-8',
        'cache-control': expect.stringContaining('immutable'),
      });
    }
  });

  it('are read from the artifact store where they are too large for the log', async () => {
    const ref = await stored(long);
    await tell(
      aPredictionRequested({ input: undefined, inputRef: ref }),
      aPredictionSucceeded({ output: undefined, outputRef: ref }),
    );
    for (const part of ['input', 'output']) {
      const answer = await world.get(`${path}/${part}`);
      expect(answer.headers['content-length']).toBe(String(ref.bytes));
      expect(answer.json()).toEqual(long);
    }
    expect((await world.get(path)).json()).toMatchObject({ output: long, outputRef: ref });
    const [listed] = (await world.get('/v1/predictions')).json().data;
    expect(listed.outputRef).toEqual(ref);
    expect(listed.output).toBeUndefined();
  });

  it('stay on their own where they are larger than one answer shows', async () => {
    const ref = await stored('x'.repeat(outputShownBytesMax));
    await tell(aPredictionRequested(), aPredictionSucceeded({ output: undefined, outputRef: ref }));
    expect((await world.get(path)).json().output).toBeUndefined();
    expect((await world.get(`${path}/output`)).body).toHaveLength(ref.bytes);
  });

  it('are a 503 where the artifact store fails or has lost them', async () => {
    const ref = { sha256: 'ab'.repeat(32), bytes: 300_000 };
    await tell(
      aPredictionRequested({ input: undefined, inputRef: ref }),
      aPredictionSucceeded({ output: undefined, outputRef: ref }),
    );
    for (let round = 0; round < 2; round++) {
      for (const url of [path, `${path}/input`, `${path}/output`]) {
        const answer = await world.get(url);
        expect([url, answer.statusCode]).toEqual([url, 503]);
        expect(answer.headers['cache-control']).toBe('no-store');
        expect(answer.headers['etag']).toBeUndefined();
      }
      vi.spyOn(world.artifacts, 'get').mockRejectedValue(new Error('EIO'));
    }
  });

  it('are a 404 where there are none', async () => {
    await tell(aPredictionRequested());
    expect((await world.get('/v1/predictions/p-2/input')).json().type).toBe('/problems/unknown-prediction');
    expect((await world.get(`${path}/output`)).json()).toMatchObject({ status: 404, type: '/problems/no-output' });
    await tell(aPredictionCanceled(), aPredictionSucceeded());
    expect((await world.get(`${path}/output`)).json().detail).toContain('canceled');
    expect((await world.get(`${path}/input`)).statusCode).toBe(200);
  });
});
