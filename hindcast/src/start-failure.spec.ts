import { LogError } from '@hindcast/domain';
import { describe, expect, it } from 'vitest';
import { CliFailure, EXIT } from './cli-failure.ts';
import { defaultConfig } from './index.ts';
import { startFailure } from './start-failure.ts';

const config = { ...defaultConfig, data: '/var/lib/hindcast' };
const withCode = (message: string, more: object) => Object.assign(new Error(message), more);
const fileError = (code: string, path: string) => withCode(`${code}: no`, { code, syscall: 'mkdir', path });

const expired = withCode('x', { code: 'CERT_HAS_EXPIRED' });
const mongo = (name: string, message: string, more: object = {}) => withCode(message, { name, ...more });

describe('a start that fails', () => {
  it.each([
    [new LogError('locked', 'x'), /Another Hindcast is using the folder \/var\/lib\/hindcast/],
    [withCode('x', { code: 'EADDRINUSE', syscall: 'listen' }), /Port \d+ on .* is in use/],
    [withCode('The file v is damaged.', { code: 'unusable_file' }), /did not start\. The file v is damaged\./],
    [withCode('malformed', { code: 'SQLITE_CORRUPT' }), /damaged \(malformed\)\. Move views\.db away/],
    [withCode('readonly', { code: 'SQLITE_READONLY' }), /cannot be used: readonly\. Name a folder/],
    [new Error('ConnectionFailed("Unable to open … 14")'), /cannot be used: .*Name a folder/],
    [fileError('EACCES', '/var/lib'), /The folder \/var\/lib\/hindcast cannot be used: EACCES: no\. Name a folder/],
    [fileError('ENOSPC', '/var/lib/hindcast/artifacts'), /The folder \/var\/lib\/hindcast cannot be used/],
    [fileError('ENOENT', '/var/lib/hindcast2'), /did not start: ENOENT: no\. `npx hindcast doctor` says more/],
    [
      fileError('EEXIST', '/var/lib'),
      /^The folder \/var\/lib\/hindcast cannot be made: \/var\/lib is a file\. Name a folder/,
    ],
    [
      withCode('getaddrinfo ENOTFOUND h', { code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: config.host }),
      /--host \(HOST\) is "127\.0\.0\.1", and no address of this machine \(getaddrinfo ENOTFOUND h\); allowed: one/,
    ],
    [withCode('x', { code: 'EADDRNOTAVAIL', syscall: 'listen' }), /--host \(HOST\) is .* allowed: one that it has/],
    [
      withCode('getaddrinfo ENOTFOUND x', { code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: 'elsewhere' }),
      /did not start: getaddrinfo ENOTFOUND x\. `npx hindcast doctor` says more/,
    ],
    [
      mongo('MongoServerError', 'Authentication failed.', { code: 18 }),
      /does not know the user in MONGODB_URI by that/,
    ],
    [mongo('MongoServerError', 'not allowed', { code: 13 }), /the role readWrite in hindcast: not allowed/],
    [mongo('MongoServerSelectionError', 'x', { cause: expired }), /no trust .* MongoDB: its certificate has expired/],
    [mongo('MongoServerSelectionError', 'connection 1 closed'), /cannot be reached: connection 1 closed\. .*tls=true/],
    [mongo('MongoParseError', 'bad mongodb://u:p@h'), /as MONGODB_URI says: bad mongodb:\/\/\*{6}@h\./],
    [new LogError('misconfigured', 'Kafka says no.', { cause: expired }), /did not start\. Kafka says no\. .* KAFKA_/],
  ])('says what to do: %s', (error, words) => {
    const said = startFailure(config, error);
    expect(said).toBeInstanceOf(CliFailure);
    expect(said).toMatchObject({ message: expect.stringMatching(words), exitCode: EXIT.failed, cause: error });
  });

  it.each([
    [
      new LogError('unavailable', 'Kafka did not show its topics: connect ECONNREFUSED.'),
      /ECONNREFUSED\. Its .* KAFKA_BROKERS/,
    ],
    [
      mongo('KafkaJSError', 'Broker not connected'),
      /not connected\. Its address is in KAFKA_BROKERS\. .*npx hindcast doctor/,
    ],
    [mongo('MongoServerSelectionError', 'connect ECONNREFUSED'), /in MONGODB_URI\. .*npx hindcast doctor/],
  ])('names the setting of a service that is away: %s', (error, words) => {
    const distributed = { ...config, kafkaBrokers: 'k:1', mongodbUri: 'mongodb://m', redisUrl: 'redis://r' };
    expect(startFailure(distributed, error)).toMatchObject({ message: expect.stringMatching(words) });
  });

  it('keeps what it cannot explain', () => {
    const bug = new TypeError('x is not a function');
    expect(startFailure(config, bug)).toBe(bug);
    expect(startFailure(config, 'text')).toBe('text');
  });
});
