export * from './completion-bus.ts';
export * from './redis-link.ts';
export * from './reservations.ts';
export * from './result-cache.ts';
