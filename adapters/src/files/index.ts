export * from './artifact-store.ts';
export * from './checked-content.ts';
export * from './kept-json.ts';
export * from './sync-folder.ts';
