import { describe, expect, it } from 'vitest';
import { type ConfigSources, isDistributed, resolveConfig } from './config.ts';
import { SETTING_NAMES, SETTINGS, type Setting } from './settings.ts';

const resolve = (sources: Partial<ConfigSources>) => resolveConfig({ env: {}, flags: {}, cores: 3, ...sources });
const problems = (env: Record<string, string>) => resolve({ env }).problems;

describe('the configuration', () => {
  it('is whole without any variable or flag', () => {
    const { config } = resolve({});
    expect(config).toMatchObject({ port: 8080, host: '127.0.0.1', data: './data', memory: false, children: 3 });
  });

  it('lets a flag beat the environment, and the environment the default', () => {
    const { config, effective } = resolve({ env: { PORT: '9000', HOST: '0.0.0.0' }, flags: { port: '9001' } });
    expect(config).toMatchObject({ port: 9001, host: '0.0.0.0' });
    const origin = (name: string) => effective.find((e) => e.name === name)?.origin;
    expect([origin('port'), origin('host'), origin('data')]).toEqual(['flag', 'environment', 'default']);
  });

  it('takes a flag without a value, and an empty variable for none', () => {
    expect(resolve({ env: { PORT: '' }, flags: { memory: true } }).config).toMatchObject({ port: 8080, memory: true });
  });

  it('names a wrong value, what was given and what is allowed', () => {
    expect(problems({ PORT: '80 80' })).toEqual(['PORT is "80 80"; allowed: a whole number from 0 to 65535.']);
    expect(resolve({ flags: { logLevel: 'loud' } }).problems).toEqual([
      '--log-level is "loud"; allowed: debug, info, warn, error, silent.',
    ]);
    expect(problems({ HINDCAST_MEMORY: 'yes' })).toEqual(['HINDCAST_MEMORY is "yes"; allowed: true or false.']);
    expect(problems({ PORT: '65536' })).toHaveLength(1);
    const share = 'HINDCAST_VERIFY_SAMPLE is "1.5"; allowed: a number from 0 to 1.';
    expect(problems({ HINDCAST_VERIFY_SAMPLE: '1.5' })).toEqual([share]);
    expect(problems({ HINDCAST_DATABASE: 'admin' })).toHaveLength(1);
  });

  it('takes a value of every kind as a text', () => {
    const env = { HINDCAST_VERIFY_SAMPLE: '0.01', PORT: '81', HINDCAST_MEMORY: 'true', LOG_LEVEL: 'warn' };
    const config = { verifySample: 0.01, port: 81, memory: true, logLevel: 'warn' };
    expect(resolve({ env }).config).toMatchObject(config);
    expect(resolve({ env: { HINDCAST_VERIFY_SAMPLE: '1' } }).config).toMatchObject({ verifySample: 1 });
  });

  it('refuses proxies that are no addresses, and a log in memory on services', () => {
    expect(problems({ HINDCAST_TRUST_PROXY: 'loopback,10.0.0.0/8,fd00::/8,::1' })).toEqual([]);
    expect(problems({ HINDCAST_TRUST_PROXY: '999.1.1.1,10.0.0.0/99,10.0.0.1' })).toEqual([
      'HINDCAST_TRUST_PROXY names 999.1.1.1, 10.0.0.0/99; allowed: addresses, networks such as 10.0.0.0/8, loopback, linklocal, uniquelocal.',
    ]);
    expect(resolve({ flags: { trustProxy: 'foo' } }).problems).toEqual([
      expect.stringMatching(/^--trust-proxy names foo; allowed/),
    ]);
    const services = { MONGODB_URI: 'mongodb://h', KAFKA_BROKERS: 'k:9092', REDIS_URL: 'redis://r' };
    expect(problems({ ...services, HINDCAST_MEMORY: 'true' })).toEqual([expect.stringContaining('HINDCAST_MEMORY')]);
  });

  it('refuses a folder for what is to be kept nowhere, unless a flag says so against a variable', () => {
    const [inEnv, byFlag] = [{ HINDCAST_DATA: './d' }, { data: './d' }];
    const said = (memory: string, data: string) => [
      `${memory} asks to keep nothing, and ${data} names a folder to keep it in. Leave one out.`,
    ];
    expect(resolve({ flags: { ...byFlag, memory: true } }).problems).toEqual(said('--memory', '--data'));
    expect(problems({ ...inEnv, HINDCAST_MEMORY: '1' })).toEqual(said('HINDCAST_MEMORY', 'HINDCAST_DATA'));
    const mixed = resolve({ env: { HINDCAST_MEMORY: 'true' }, flags: byFlag });
    expect(mixed.problems).toEqual(said('HINDCAST_MEMORY', '--data'));
    expect(resolve({ env: inEnv, flags: { memory: true } }).config).toMatchObject({ memory: true });
    expect(resolve({ env: { HINDCAST_MEMORY: 'true' }, flags: { ...byFlag, memory: false } }).problems).toEqual([]);
  });

  it('shows no password, wherever somebody wrote one', () => {
    const said = problems({ KAFKA_BROKERS: 'user:secret@kafka:9092', HINDCAST_URL: 'ftp://u:secret@h' }).join(' ');
    expect(said).toContain('"******@kafka:9092"');
    expect(said).not.toContain('secret');
  });

  it('reports every problem at once, and then has no configuration', () => {
    const resolved = resolve({ env: { PORT: 'x', HINDCAST_CHILDREN: '0' } });
    expect(resolved.problems).toHaveLength(2);
    expect(resolved.config).toBeUndefined();
  });

  it('refuses unknown variables of its own, with near names, and leaves foreign ones alone', () => {
    expect(problems({ HINDCAST_DATE: './d' })).toEqual(['HINDCAST_DATE is not a setting. Did you mean HINDCAST_DATA?']);
    expect(problems({ HINDCAST_PORT: '1' })[0]).toContain('Did you mean PORT');
    expect(problems({ HINDCAST_PROT: '1' })[0]).toContain('Did you mean PORT');
    expect(problems({ HINDCAST_SOMETHING_ELSE: '1' })[0]).toContain('npx hindcast config');
    expect(problems({ PATH: '/bin', EDITOR: 'ed' })).toEqual([]);
  });

  it('takes all services or none, and names what is missing, but no value', () => {
    const [some] = problems({ MONGODB_URI: 'mongodb://u:secret@h' });
    expect(some).toContain('MONGODB_URI asks for a distributed run, which also needs KAFKA_BROKERS, REDIS_URL');
    expect(some).not.toContain('secret');
    const env = { MONGODB_URI: 'mongodb://u:secret@h', KAFKA_BROKERS: 'k:9092,l:9092', REDIS_URL: 'redis://r' };
    const { config } = resolve({ env });
    expect(config && isDistributed(config)).toBe(true);
    const embedded = resolve({}).config;
    expect(embedded && isDistributed(embedded)).toBe(false);
  });

  it('knows what an address looks like, and never shows one that is secret', () => {
    const env = { MONGODB_URI: 'http://u:secret@h', KAFKA_BROKERS: 'kafka', REDIS_URL: 'redis://r' };
    const said = problems(env).join(' ');
    expect(said).toContain('KAFKA_BROKERS is "kafka"; allowed: something like kafka-1:9092');
    expect(said).toContain('MONGODB_URI is (not shown); allowed: something like mongodb://');
    expect(said).not.toContain('secret');
    const [urls] = problems({ HINDCAST_URL: 'localhost' });
    expect(urls).toContain('something like http://127.0.0.1:8080, or http://query:8080,http://command:8080');
  });

  it('has defaults that follow from others', () => {
    const services = { MONGODB_URI: 'mongodb://h', KAFKA_BROKERS: 'k:9092', REDIS_URL: 'redis://r' };
    expect(resolve({}).config).toMatchObject({ partitions: 4, minInsyncReplicas: 2 });
    expect(resolve({ env: services }).config).toMatchObject({ partitions: 12 });
    expect(resolve({ flags: { partitions: '7', replicationFactor: '1' } }).config).toMatchObject({
      ...{ partitions: 7, replicationFactor: 1, minInsyncReplicas: 1 },
    });
  });

  it('has one name, one flag and one description for each setting', () => {
    const settings = SETTING_NAMES.map((name): Setting => SETTINGS[name]);
    const unique = (values: readonly unknown[]) => new Set(values).size === values.length;
    expect(unique(settings.map(({ env }) => env))).toBe(true);
    expect(unique(settings.flatMap(({ flag }) => (flag === undefined ? [] : [flag])))).toBe(true);
    expect(settings.every(({ description }) => description.length > 10)).toBe(true);
  });
});
