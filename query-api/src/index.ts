export { asyncApi } from './async-api.ts';
export { type QueryApiOptions, queryApi } from './query-api.ts';
export {
  type ProjectionsReader,
  type QueryLimits,
  type QueryPorts,
  queryLimits,
  type RebuildProgress,
} from './query-ports.ts';
