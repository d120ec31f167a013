import { describe, expect, it } from 'vitest';
import { firstMinute, tryCommand } from './first-minute.ts';

const model = { name: 'churn', version: 1, readyMs: 84.2, example: { plan: "it's plus" } };
const url = 'http://127.0.0.1:8080';

describe('the first minute', () => {
  it('says where things are and what to try', () => {
    const text = firstMinute({ version: '0.1.0', url, summary: { dataFolder: './data', models: [model] } });
    expect(text).toContain('hindcast 0.1.0 · embedded: no Kafka, MongoDB or Redis needed');
    expect(text).toContain(`${url}/docs`);
    expect(text).toContain('./data (kept; --memory to discard)');
    expect(text).toContain('churn@1 ready in 84 ms');
  });

  it('gives a command that a shell takes as it stands', () => {
    expect(tryCommand(url, { dataFolder: undefined, models: [model] })).toBe(
      `curl -s ${url}/v1/predictions -H 'content-type: application/json' -H 'prefer: wait=5' ` +
        `-d '{"model":"churn","input":{"plan":"it'\\''s plus"}}'`,
    );
  });

  it('says how to add a model where there is none', () => {
    const text = firstMinute({ version: '0.1.0', url, summary: { dataFolder: undefined, models: [] } });
    expect(text).toContain('hindcast models add');
    expect(text).toContain('in memory');
    expect(text).not.toContain('curl');
  });
});
