/** What `bench` takes from here: it measures the same services and processes that the tests judge. */
export { startDocumentStore } from '../services/document-store.ts';
export { freePorts } from '../services/free-ports.ts';
export { startProgram, temporaryFolder } from '../services/program.ts';
export { pythonEnvironment } from '../services/python-environment.ts';
export { startRedis } from '../services/redis.ts';
export { type AllServices, startAllServices } from '../services/start-all.ts';
export { allOf, type Cluster, type Services, startCluster } from './cluster.ts';
