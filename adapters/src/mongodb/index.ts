export * from './artifact-store.ts';
export * from './artifact-uploads.ts';
export * from './backlog-board.ts';
export * from './database-owner.ts';
export * from './mongo-client.ts';
export * from './view-database.ts';
