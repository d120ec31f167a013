export * from './inference-worker.ts';
export * from './keeper.ts';
