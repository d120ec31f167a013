export { asyncApi } from './async-api.ts';
export { type QueryApiOptions, queryApi } from './query-api.ts';
export {
  type ProjectionsReader,
  type QueryLimits,
  type QueryPorts,
  queryLimits,
  type RebuildComparison,
  type RebuildProgress,
  type RebuildReport,
} from './query-ports.ts';
