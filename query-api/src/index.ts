export * from './query-api.ts';
export { type QueryLimits, type QueryPorts, queryLimits } from './query-ports.ts';
