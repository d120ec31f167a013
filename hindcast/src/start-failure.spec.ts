import { LogError } from '@hindcast/domain';
import { describe, expect, it } from 'vitest';
import { CliFailure, EXIT } from './cli-failure.ts';
import { defaultConfig } from './index.ts';
import { startFailure } from './start-failure.ts';

const config = { ...defaultConfig, data: '/var/lib/hindcast' };
const withCode = (message: string, more: object) => Object.assign(new Error(message), more);
const fileError = (code: string, path: string) => withCode(`${code}: no`, { code, syscall: 'mkdir', path });

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
    [fileError('ENOENT', '/var/lib/hindcast2'), /did not start: ENOENT: no\. `hindcast doctor` says more/],
  ])('says what to do: %s', (error, words) => {
    const said = startFailure(config, error);
    expect(said).toBeInstanceOf(CliFailure);
    expect(said).toMatchObject({ message: expect.stringMatching(words), exitCode: EXIT.failed, cause: error });
  });

  it('keeps what it cannot explain', () => {
    const bug = new TypeError('x is not a function');
    expect(startFailure(config, bug)).toBe(bug);
    expect(startFailure(config, 'text')).toBe('text');
  });
});
