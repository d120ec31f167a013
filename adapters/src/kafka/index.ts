export * from './copy-target.ts';
export * from './describe-brokers.ts';
export * from './event-log.ts';
export * from './event-log-options.ts';
