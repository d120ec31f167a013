export * from './models.ts';
export * from './prediction-status.ts';
export * from './projection-start.ts';
export * from './projections.ts';
export * from './rebuild.ts';
export * from './start-projector.ts';
