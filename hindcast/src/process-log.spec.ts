import { describe, expect, it } from 'vitest';
import { defaultConfig } from './index.ts';
import { openProcessLog } from './process-log.ts';
import type { Terminal } from './terminal.ts';

const said = (logFormat: 'json' | 'text', err: Error): string => {
  let out = '';
  const write = (text: string) => {
    out += text;
  };
  const stream = { write };
  const terminal = { stdout: stream, stderr: stream, env: {} } as unknown as Terminal;
  openProcessLog({ ...defaultConfig, logFormat }, terminal).warn({ err }, 'A request was refused.');
  return logFormat === 'json' ? (JSON.parse(out) as { err: { message: string } }).err.message : out;
};

describe('an error in the log of a process', () => {
  const silence = new Error('No answer within 3000 ms.');

  it('says once what its causes say too', () => {
    const wrapped = new Error('Kafka did not show its topics: No answer within 3000 ms.', { cause: silence });
    expect(said('json', wrapped)).toBe('Kafka did not show its topics: No answer within 3000 ms.');
    expect(said('text', wrapped)).toBe(
      'warn: A request was refused: Kafka did not show its topics: No answer within 3000 ms.\n',
    );
  });

  it('says what only a cause says', () => {
    const refused = new Error('connect ECONNREFUSED', { cause: silence });
    const outer = new Error('Kafka is away.', { cause: refused });
    expect(said('json', outer)).toBe('Kafka is away: connect ECONNREFUSED: No answer within 3000 ms.');
    const circular = new Error('It goes round.');
    circular.cause = new Error('And round.', { cause: circular });
    expect(said('json', circular)).toBe('It goes round: And round.');
  });
});
