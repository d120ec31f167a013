export * from './models.ts';
export * from './prediction-status.ts';
