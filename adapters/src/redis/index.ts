export * from './completion-bus.ts';
export * from './rate-limits.ts';
export * from './redis-link.ts';
export * from './reservations.ts';
export * from './result-cache.ts';
export * from './session-store.ts';
