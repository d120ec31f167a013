import { describe, expect, it } from 'vitest';
import { farewell, firstMinute, tryCommand } from './first-minute.ts';

const model = { name: 'churn', version: 1, readyMs: 84.2, example: { plan: "it's plus" } };
const folder = { kind: 'folder', folder: './data' } as const;
const url = 'http://127.0.0.1:8080';

describe('the first minute', () => {
  it('says where things are and what to try', () => {
    const text = firstMinute({
      version: '0.1.0',
      url,
      summary: { place: folder, models: [model], moreModels: 0, missing: [] },
    });
    expect(text).toContain('hindcast 0.1.0 · embedded: no Kafka, MongoDB or Redis needed');
    expect(text).toContain(`${url}/docs`);
    expect(text).toContain('./data (kept; --memory to discard)');
    expect(text).toContain('churn@1 ready in 84 ms\n');
  });

  it('says when there are more models than it names, and no time that is none', () => {
    const models = [{ ...model, readyMs: 0.4 }];
    const text = firstMinute({
      version: '0.1.0',
      url,
      summary: { place: folder, models, moreModels: 2, missing: [] },
    });
    expect(text).toContain('churn@1 ready and 2 more\n');
  });

  it('names models whose file is gone, and calls none of them ready', () => {
    const missing = Array.from({ length: 7 }, (_, at) => ({ name: `m${at}`, version: at + 1 }));
    const summary = { place: folder, models: [], moreModels: 0, missing };
    const text = firstMinute({ version: '0.1.0', url, summary });
    expect(text).toContain('Model  none that can be run\n');
    expect(text).toContain('Missing   the files of m0@1, m1@2, m2@3, m3@4, m4@5 and 2 more: their predictions wait');
    expect(text).toContain('npx hindcast models add m0 <file.onnx>');
    expect(text).not.toContain('curl');
  });

  it('says at the end what is left', () => {
    expect(farewell({ place: folder, models: [], moreModels: 0, missing: [] })).toContain('everything is in ./data');
    expect(farewell({ place: { kind: 'memory' }, models: [], moreModels: 0, missing: [] })).toContain(
      'nothing is kept',
    );
  });

  it('gives a command that a shell takes as it stands', () => {
    expect(tryCommand(url, { place: { kind: 'memory' }, models: [model], moreModels: 0, missing: [] })).toBe(
      `curl -s ${url}/v1/predictions -H 'content-type: application/json' -H 'prefer: wait=5' ` +
        `-d '{"model":"churn","input":{"plan":"it'\\''s plus"}}'`,
    );
  });

  it('says how to add a model where there is none', () => {
    const text = firstMinute({
      version: '0.1.0',
      url,
      summary: { place: { kind: 'memory' }, models: [], moreModels: 0, missing: [] },
    });
    expect(text).toContain('npx hindcast models add');
    expect(text).toContain('in memory');
    expect(text).not.toContain('curl');
  });
});
