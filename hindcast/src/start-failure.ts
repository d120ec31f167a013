import { resolve, sep } from 'node:path';
import { LogError } from '@hindcast/domain';
import { CliFailure, failed } from './cli-failure.ts';
import { isDistributed } from './config.ts';
import { serviceFailure } from './service-failure.ts';
import { type Config, SETTINGS } from './settings.ts';

/** The failures that people meet, each with what to do about it; any other is answered as it is. */
export const startFailure = (config: Config, error: unknown): unknown => {
  if (!(error instanceof Error) || error instanceof CliFailure) return error;
  // Drivers of services number their errors; those of the system have names.
  const kafka = isDistributed(config) ? SETTINGS.kafkaBrokers.env : undefined;
  const ofService = serviceFailure({ ...config, kafka }, error);
  const said = ofService === undefined ? wordsOf(config, error) : `Hindcast did not start. ${ofService}`;
  return said === undefined ? error : failed(said, error);
};

const wordsOf = (config: Config, error: Error): string | undefined => {
  const { code, path } = error as NodeJS.ErrnoException;
  const { message } = error;
  if (error instanceof LogError && code === 'locked') {
    return `Another Hindcast is using the folder ${config.data}. Stop it first, or name another folder with --data.`;
  }
  if (code === 'EADDRINUSE') {
    return (
      `Port ${config.port} on ${config.host} is in use. Stop what listens there, or name another port with --port ` +
      '(0 takes a free one).'
    );
  }
  if (code === 'unusable_signing_key') return `Hindcast did not start. ${message} HINDCAST_AUDIT=false does without.`;
  if (code === 'unusable_file') return `Hindcast did not start. ${message}`;
  if (/^SQLITE_(?:NOTADB|CORRUPT)/.test(code ?? '')) {
    return (
      `A database in the folder ${config.data} is damaged (${message}). Move views.db away, with views.db-wal and ` +
      'views.db-shm: it is rebuilt from the log. Where that is not enough it is log.db, of which you need a copy.'
    );
  }
  if (code?.startsWith('SQLITE_') || message.startsWith(cannotOpen)) {
    return `The databases in the folder ${config.data} cannot be used: ${message}. ${freeFolder}`;
  }
  if (!('syscall' in error)) return undefined;
  const { syscall, hostname } = error as { syscall?: string; hostname?: string };
  if (syscall === 'mkdir' && code === 'EEXIST')
    return `The folder ${config.data} cannot be made: ${path} is a file. ${freeFolder}`;
  if ((code === 'EADDRNOTAVAIL' && syscall === 'listen') || (syscall === 'getaddrinfo' && hostname === config.host)) {
    return (
      `Hindcast did not start: --host (${SETTINGS.host.env}) is ${JSON.stringify(config.host)}, and no address of this machine ` +
      `(${message}); allowed: one that it has, such as 127.0.0.1, 0.0.0.0 for all of them, or a name for one.`
    );
  }
  return !config.memory && path !== undefined && areOnOnePath(resolve(config.data), path)
    ? `The folder ${config.data} cannot be used: ${message}. ${freeFolder}`
    : `Hindcast did not start: ${message}. \`npx hindcast doctor\` says more.`;
};

/** How the driver says that SQLite could not open a file; it has no code for it. */
const cannotOpen = 'ConnectionFailed(';
const freeFolder = 'Name a folder that this user may write to with --data, or none with --memory.';

const areOnOnePath = (one: string, other: string): boolean => isIn(one, other) || isIn(other, one);
const isIn = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
