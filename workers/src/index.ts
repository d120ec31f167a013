export * from './inference-worker.ts';
export * from './keeper.ts';
export * from './notary/notary.ts';
export { openSetMaxOf } from './partition-desks.ts';
