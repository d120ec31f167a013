export * from './event-log.ts';
export * from './lock.ts';
export * from './lock-file.ts';
export * from './log-reader.ts';
export * from './view-database.ts';
