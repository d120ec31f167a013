import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { defaultConfig } from '../index.ts';
import type { Config } from '../settings.ts';
import { kafkaSecurity } from './kafka-security.ts';
import { redisSecurity } from './redis-security.ts';
import { securityProblems } from './service-security.ts';

const { privateKey } = generateKeyPairSync('ec', {
  namedCurve: 'prime256v1',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
/** Of an authority that is gone with its key; it has to parse, and nothing more. */
const certificate = `-----BEGIN CERTIFICATE-----
MIIBcjCCARmgAwIBAgIUco/bcmJUitGSXMdH2hT40UyAxZEwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAeFw0yNjExMjUxODA5MjlaFw0yNjExMjYxODA5Mjla
MA8xDTALBgNVBAMMBHRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASqHgde
hci5R5Ah/1MuO5Mqg3yYar75lidPIS3Olt3+YcL/skEB7S/QhtbckHTkv8Y0iwdr
WJoykqmVmjPgDEXKo1MwUTAdBgNVHQ4EFgQUrHCsgoUKLT4vD+uL+SidCBtoKtAw
HwYDVR0jBBgwFoAUrHCsgoUKLT4vD+uL+SidCBtoKtAwDwYDVR0TAQH/BAUwAwEB
/zAKBggqhkjOPQQDAgNHADBEAiB4j0okLaKQL//dxss8KmUu+rv1/Bvcsf3cibPJ
lfGHggIgS6qlcpU1liCCqsMfDMtcp0Gc8ywxXOfvHQXEEnNkqiI=
-----END CERTIFICATE-----
`;
const files: Readonly<Record<string, string>> = {
  '/ca.pem': `some words before\n${certificate}${certificate}`,
  '/cert.pem': certificate,
  '/key.pem': privateKey,
  '/encrypted.pem': privateKey.replaceAll('PRIVATE', 'ENCRYPTED PRIVATE'),
  '/torn.pem': certificate.replace('MII', 'AAA'),
  '/text.txt': 'hello',
};
const readText = (path: string): string => {
  const text = files[path];
  if (text === undefined) throw Object.assign(new Error(path), { code: 'EACCES' });
  return text;
};
const withConfig = (more: Partial<Config>): Config => ({ ...defaultConfig, ...more });
const problems = (more: Partial<Config>) => securityProblems(withConfig(more), readText);
const tls = { kafkaSsl: true } as const;

describe('how Kafka is trusted and logged in to', () => {
  it('is in plain text and as nobody where nothing is said', () => {
    expect(kafkaSecurity(withConfig({}), readText)).toEqual({ options: {}, problems: [] });
  });

  it('is by the files and the user that are named', () => {
    const sasl = { kafkaSaslMechanism: 'scram-sha-256', kafkaSaslUsername: 'u', kafkaSaslPassword: 'p' } as const;
    const { options } = kafkaSecurity(withConfig({ ...tls, kafkaSslCa: '/ca.pem', ...sasl }), readText);
    expect(options).toEqual({
      ssl: { ca: files['/ca.pem'] },
      sasl: { mechanism: 'scram-sha-256', username: 'u', password: 'p' },
    });
    expect(kafkaSecurity(withConfig(tls), readText).options).toEqual({ ssl: {} });
  });

  it.each<[Partial<Config>, RegExp]>([
    [{ kafkaSslCa: '/ca.pem' }, /^KAFKA_SSL_CA is of no use without KAFKA_SSL=true\.$/],
    [
      { ...tls, kafkaSslCert: '/cert.pem' },
      /^KAFKA_SSL_CERT is of no use without KAFKA_SSL_KEY: set both, or neither\.$/,
    ],
    [{ ...tls, kafkaSslKey: '/key.pem' }, /^KAFKA_SSL_KEY is of no use without KAFKA_SSL_CERT/],
    [{ ...tls, kafkaSslCa: '/none' }, /^KAFKA_SSL_CA names \/none, which cannot be used: this user may not read it\.$/],
    [{ ...tls, kafkaSslCa: '/text.txt' }, /^KAFKA_SSL_CA names \/text\.txt, .* holds no PEM certificate/],
    [{ ...tls, kafkaSslCa: '/key.pem' }, /holds no PEM certificate/],
    [{ ...tls, kafkaSslCa: '/torn.pem' }, /^KAFKA_SSL_CA names \/torn\.pem, which cannot be used/],
    [{ ...tls, kafkaSslCert: '/cert.pem', kafkaSslKey: '/cert.pem' }, /^KAFKA_SSL_KEY .* holds no PEM key/],
    [{ ...tls, kafkaSslCert: '/cert.pem', kafkaSslKey: '/encrypted.pem' }, /key is encrypted: give one without/],
    [{ ...tls, kafkaSslCert: '/cert.pem', kafkaSslKey: '/key.pem' }, /^The key in KAFKA_SSL_KEY is not that of/],
    [
      { kafkaSaslMechanism: 'plain', kafkaSaslPassword: 'hunter2' },
      /^KAFKA_SASL_MECHANISM and KAFKA_SASL_PASSWORD .* needs KAFKA_SASL_USERNAME too: set all three, or none/,
    ],
    [{ kafkaSaslUsername: 'u' }, /^KAFKA_SASL_USERNAME needs KAFKA_SASL_MECHANISM and KAFKA_SASL_PASSWORD/],
  ])('is refused, with what to do: %j', (config, words) => {
    expect(problems(config)).toEqual([expect.stringMatching(words)]);
  });
});

describe('how Redis and MongoDB are trusted and logged in to', () => {
  it('is by the URI, and for Redis by the files that are named', () => {
    const config = withConfig({ redisUrl: 'rediss://u:p%40@redis:6380/1', redisSslCa: '/ca.pem' });
    expect(redisSecurity(config, readText)).toEqual({ options: { tls: { ca: files['/ca.pem'] } }, problems: [] });
    const mongodbUri = 'mongodb://u:p%2F@a:1,b:2/db?tls=true&tlsCAFile=%2Fca.pem';
    expect(problems({ mongodbUri, redisUrl: 'redis://r' })).toEqual([]);
  });

  it.each<[Partial<Config>, RegExp]>([
    [{ redisUrl: 'redis://r', redisSslCa: '/ca.pem' }, /^REDIS_SSL_CA is of no use where REDIS_URL .* rediss:/],
    [{ redisUrl: 'rediss://r', redisSslKey: '/key.pem' }, /^REDIS_SSL_KEY is of no use without REDIS_SSL_CERT/],
    [{ redisUrl: 'redis://u:hunter2@r:port' }, /^REDIS_URL is no URL/],
    [{ redisUrl: 'redis://u:hunter2/@r' }, /^The user or the password in REDIS_URL has a character .* %2F/],
    [{ redisUrl: 'redis://u:hun#ter2@r' }, /^The user or the password in REDIS_URL/],
    [{ mongodbUri: 'mongodb://u:hunt@r2@m' }, /^The user or the password in MONGODB_URI/],
    [{ mongodbUri: 'mongodb://u:hunter%2@m' }, /^The user or the password in MONGODB_URI/],
    [{ mongodbUri: 'mongodb://u:hunter2@m/?tlsCAFile=/none' }, /^tlsCAFile in MONGODB_URI names \/none, which cannot/],
    [{ mongodbUri: 'mongodb://m/?tls=true&tlsCertificateKeyFile=/text.txt' }, /which is no PEM file/],
  ])('is refused, with what to do and without the secret: %j', (config, words) => {
    const said = problems(config);
    expect(said).toEqual([expect.stringMatching(words)]);
    expect(said[0]).not.toMatch(/hunt/);
  });
});
