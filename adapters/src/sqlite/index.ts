export * from './view-database.ts';
