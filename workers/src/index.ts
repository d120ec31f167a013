export { startBacklogReporter } from './backlog-reporter.ts';
export * from './datasets/dataset-jobs.ts';
export * from './inference-worker.ts';
export * from './jobs/job-runner.ts';
export * from './keeper.ts';
export * from './notary/notary.ts';
export { openSetMaxOf } from './partition-desks.ts';
export type { PastPorts } from './past/past-ports.ts';
export { createVerificationHandler } from './verification/verification-job.ts';
