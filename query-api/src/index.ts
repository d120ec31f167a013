export { asyncApi } from './async-api.ts';
export { type QueryApiOptions, queryApi } from './query-api.ts';
export { type QueryLimits, type QueryPorts, queryLimits } from './query-ports.ts';
export { totalLag, viewLag } from './view-lag.ts';
