/** What `bench` takes from here: it measures the same services and processes that the tests judge. */
export { type AllServices, startAllServices } from '../services/start-all.ts';
export { allOf, type Cluster, type Services, startCluster } from './cluster.ts';
