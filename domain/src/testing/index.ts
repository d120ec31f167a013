export * from './any-prediction-event.ts';
export * from './audit-crypto.ts';
export { logOf, planOf, storedHistory } from './dataset-histories.ts';
export * from './given.ts';
export * from './job-event-builders.ts';
export * from './label-event-builders.ts';
export * from './model-event-builders.ts';
export * from './prediction-event-builders.ts';
export * from './sign-partition.ts';
