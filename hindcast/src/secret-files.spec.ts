import { describe, expect, it } from 'vitest';
import { resolveConfig } from './config.ts';
import { withoutSecrets } from './without-secrets.ts';

const files: Readonly<Record<string, string>> = { '/run/password': 'from a file \n', '/run/empty': '\n' };
const readText = (path: string): string => {
  const text = files[path];
  if (text === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
  return text;
};
const login = { KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'hindcast' };
const resolve = (env: Record<string, string>) =>
  resolveConfig({ env: { ...login, ...env }, flags: {}, cores: 2, readText });

describe('a secret', () => {
  it('is read from the file that the variable with _FILE names, without the line feed at its end', () => {
    const { config, effective } = resolve({ KAFKA_SASL_PASSWORD_FILE: '/run/password' });
    expect(config?.kafkaSaslPassword).toBe('from a file ');
    expect(effective.find(({ name }) => name === 'kafkaSaslPassword')?.origin).toBe('file');
  });

  it.each([
    [
      { KAFKA_SASL_PASSWORD_FILE: '/run/none' },
      'KAFKA_SASL_PASSWORD_FILE names /run/none, which cannot be read: there is no such file.',
    ],
    [{ KAFKA_SASL_PASSWORD_FILE: '/run/empty' }, 'KAFKA_SASL_PASSWORD_FILE names /run/empty, which is empty.'],
    [
      { KAFKA_SASL_PASSWORD: 'hunter2', KAFKA_SASL_PASSWORD_FILE: '/run/password' },
      'KAFKA_SASL_PASSWORD and KAFKA_SASL_PASSWORD_FILE are both set: keep one of them.',
    ],
  ])('stops the start, once, where it cannot be had: %j', (env, problem) => {
    expect(resolve(env)).toMatchObject({ problems: [problem], config: undefined });
  });

  it('is taken for the address of a service, too', () => {
    const env = { MONGODB_URI_FILE: '/run/password', KAFKA_BROKERS: 'k:1', REDIS_URL: 'redis://r' };
    expect(resolve({ ...env, KAFKA_SASL_PASSWORD: 'x' }).problems).toEqual([
      expect.stringMatching(/^MONGODB_URI is \(not shown\)/),
    ]);
  });
});

describe('a text without secrets', () => {
  it.each([
    ['a redis://user:pass@host:1/0 b', 'a redis://******@host:1/0 b'],
    ['"mongodb+srv://:p%40ss@h/?x=y@z"', '"mongodb+srv://******@h/?x=y@z"'],
    ['http://127.0.0.1:8080/v1/models/churn@2', 'http://127.0.0.1:8080/v1/models/churn@2'],
    ['KAFKA_BROKERS is "user:p4ss@kafka:9092,k:1"', 'KAFKA_BROKERS is "******@kafka:9092,k:1"'],
    ['two redis://a:b@c and redis://d:e@f', 'two redis://******@c and redis://******@f'],
  ])('has URIs without user and password: %s', (text, told) => {
    expect(withoutSecrets(text)).toBe(told);
  });
});
