export * from './completion-bus.ts';
export * from './model-runtime.ts';
export * from './reservations.ts';
export * from './result-cache.ts';
export * from './view-database.ts';
