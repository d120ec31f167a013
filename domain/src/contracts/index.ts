export * from './artifact-store-contract.ts';
export * from './completion-bus-contract.ts';
export * from './event-log-contract.ts';
export { contractPartitions, type EventLogUnderTest, type OpenEventLog } from './event-log-under-test.ts';
export * from './model-runtime-contract.ts';
export * from './reservations-contract.ts';
export * from './result-cache-contract.ts';
export * from './sample-documents.ts';
export * from './view-database-contract.ts';
